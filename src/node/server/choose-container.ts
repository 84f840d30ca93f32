import { Failure } from '../../failure.ts'
import type { Pod } from '../../kube/api/pod.ts'

/**
 * The container of a pod that a request is about: the one that it names, or the only one.
 *
 * @throws Failure BadRequest in the words of the API server
 */
export function chooseContainer(pod: Pod, asked: string): string {
  const names = (containers: readonly { readonly name: string }[] = []): string[] => containers.map(({ name }) => name)
  const { containers, initContainers, ephemeralContainers } = pod.spec
  const { name } = pod.metadata
  if (asked !== '') {
    const all = [...names(initContainers), ...names(containers), ...names(ephemeralContainers)]
    if (all.includes(asked)) return asked
    throw new Failure('BadRequest', `container ${asked} is not valid for pod ${name}`)
  }
  const [only, ...more] = containers
  if (only !== undefined && more.length === 0) return only.name
  const init = names(initContainers)
  throw new Failure(
    'BadRequest',
    `a container name must be specified for pod ${name}, choose one of: [${names(containers).join(' ')}]` +
      (init.length === 0 ? '' : ` or one of the init containers: [${init.join(' ')}]`),
  )
}
