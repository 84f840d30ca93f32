import type { Container, Pod } from '../../../kube/api/pod.ts'
import type { PodWorld } from '../pod-world.ts'
import { sourcesIn } from '../sources/pod-sources.ts'
import { apiVariables } from './api-variables.ts'
import { type DeclaredEnvironment, declareEnvironment } from './declare-environment.ts'
import { skippedSentence } from './read-env-from.ts'

/**
 * A container's declared environment from the objects as they are now; what had to be left out is told in events.
 *
 * @throws Failure CreateContainerConfigError
 */
export async function environmentOf(world: PodWorld, pod: Pod, container: Container): Promise<DeclaredEnvironment> {
  const { store, nodeName, node, api } = world.parts
  const { namespace } = pod.metadata
  const { podIPs = [], hostIPs = [] } = world.sandbox ?? {}
  const address = await api?.address()
  const { values, skipped } = declareEnvironment(pod, container, {
    node: { nodeName, podIPs, hostIPs },
    sources: sourcesIn(store, namespace),
    allocatable: node.allocatable,
    services: address === undefined ? new Map() : apiVariables(address),
  })
  for (const each of skipped) {
    world.event('Warning', 'InvalidEnvironmentVariableNames', skippedSentence(each, namespace))
  }
  return values
}
