import type { V1Container, V1PodSpec } from '@kubernetes/client-node'
import { checkEnv, checkEnvFrom } from './env.ts'
import type { Draft, Finding } from './finding.ts'
import { duplicate, forbidden, invalid, invalidFor, isEmpty, notSupported, required } from './finding.ts'
import { brokenByLabel } from './names.ts'
import { checkHostPortConflicts, checkPorts } from './ports.ts'
import type { ProbeName } from './probes.ts'
import { checkLifecycle, checkProbe } from './probes.ts'
import { checkNoResizePolicy, checkResizePolicy } from './resize-policy.ts'
import { checkResources } from './resources.ts'
import { checkContainerRestart } from './restart.ts'
import { checkContainerSecurity } from './security-context.ts'
import { checkVolumeDevices, checkVolumeMounts } from './volume-mounts.ts'

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never']
const PROBES: readonly ProbeName[] = ['livenessProbe', 'readinessProbe', 'startupProbe']
const FOR_SIDECARS_ONLY = 'may not be set for init containers without restartPolicy=Always'

/** What the rules of one container need to know of its pod. */
interface Surroundings {
  readonly volumes: ReadonlySet<string>
  readonly graceSeconds: number
  readonly restartPolicy: string | undefined
  readonly osName: string | undefined
  /** Names of the containers before this one, of all kinds. */
  readonly taken: Set<string>
}

/** App containers, then init containers: names are unique across both. */
export function checkContainers(spec: Draft<V1PodSpec>, field: string): Finding[] {
  const { containers = [], initContainers = [] } = spec
  const pod = surroundingsOf(spec, new Set())
  const appField = `${field}.containers`
  const initField = `${field}.initContainers`
  return [
    ...(containers.length === 0 ? [required(appField)] : []),
    ...containers.flatMap((container, index) => checkAppContainer(container, `${appField}[${index}]`, pod)),
    ...checkHostPortConflicts(containers, appField),
    ...initContainers.flatMap((container, index) => checkInitContainer(container, `${initField}[${index}]`, pod)),
    ...checkHostPortConflicts(initContainers, initField),
  ]
}

/** @param taken names that containers before have; those that are looked at next are added. */
export function surroundingsOf(spec: Draft<V1PodSpec>, taken: Set<string>): Surroundings {
  const { volumes = [], terminationGracePeriodSeconds = 30 } = spec
  return {
    volumes: new Set(volumes.flatMap(({ name }) => (isEmpty(name) ? [] : [name]))),
    graceSeconds: terminationGracePeriodSeconds,
    restartPolicy: spec.restartPolicy,
    osName: spec.os?.name,
    taken,
  }
}

function checkAppContainer(container: Draft<V1Container>, field: string, pod: Surroundings): Finding[] {
  return [
    ...checkContainer(container, field, pod),
    ...checkHooksAndProbes(container, field, pod),
    ...checkResizePolicy(container, `${field}.resizePolicy`, pod.restartPolicy),
  ]
}

/** S5: hooks and probes belong to sidecars. */
function checkInitContainer(container: Draft<V1Container>, field: string, pod: Surroundings): Finding[] {
  const common = checkContainer(container, field, pod)
  if (container.restartPolicy === 'Always') {
    const policies = checkResizePolicy(container, `${field}.resizePolicy`, container.restartPolicy)
    return [...common, ...checkHooksAndProbes(container, field, pod), ...policies]
  }
  const misplaced = (['lifecycle', ...PROBES] as const).filter((name) => container[name] !== undefined)
  return [
    ...common,
    ...misplaced.map((name) => forbidden(`${field}.${name}`, FOR_SIDECARS_ONLY)),
    ...checkNoResizePolicy(container, `${field}.resizePolicy`),
  ]
}

/** What holds for containers of all kinds. */
export function checkContainer(container: Draft<V1Container>, field: string, pod: Surroundings): Finding[] {
  const privileged = container.securityContext?.privileged === true
  return [
    ...checkContainerName(container.name, pod.taken, `${field}.name`),
    ...checkImage(container.image, `${field}.image`),
    ...checkMessagePolicy(container.terminationMessagePolicy, `${field}.terminationMessagePolicy`),
    ...checkPorts(container.ports ?? [], `${field}.ports`),
    ...checkEnv(container.env ?? [], `${field}.env`),
    ...checkEnvFrom(container.envFrom ?? [], `${field}.envFrom`),
    ...checkVolumeMounts(container.volumeMounts ?? [], `${field}.volumeMounts`, { volumes: pod.volumes, privileged }),
    ...checkVolumeDevices(container.volumeDevices ?? [], `${field}.volumeDevices`, pod.volumes),
    ...checkPullPolicy(container.imagePullPolicy, `${field}.imagePullPolicy`),
    ...checkResources(container.resources ?? {}, `${field}.resources`),
    ...checkContainerSecurity(container.securityContext ?? {}, `${field}.securityContext`),
    ...checkContainerRestart(container, field),
  ]
}

function checkHooksAndProbes(container: Draft<V1Container>, field: string, pod: Surroundings): Finding[] {
  const { lifecycle } = container
  return [
    ...(lifecycle === undefined ? [] : checkLifecycle(lifecycle, `${field}.lifecycle`, pod)),
    ...PROBES.flatMap((name) => {
      const probe = container[name]
      return probe === undefined ? [] : checkProbe(probe, name, `${field}.${name}`)
    }),
  ]
}

function checkContainerName(name: string | undefined, taken: Set<string>, field: string): Finding[] {
  if (isEmpty(name)) return [required(field)]
  const isRepeated = taken.has(name)
  taken.add(name)
  return [...invalidFor(field, name, brokenByLabel(name)), ...(isRepeated ? [duplicate(field, name)] : [])]
}

function checkImage(image: string | undefined, field: string): Finding[] {
  if (isEmpty(image)) return [required(field)]
  return image === image.trim() ? [] : [invalid(field, image, 'must not have leading or trailing whitespace')]
}

function checkMessagePolicy(policy: string | undefined, field: string): Finding[] {
  if (isEmpty(policy)) return [required(field)]
  const known = policy === 'File' || policy === 'FallbackToLogsOnError'
  return known ? [] : [invalid(field, policy, "must be 'File' or 'FallbackToLogsOnError'")]
}

function checkPullPolicy(policy: string | undefined, field: string): Finding[] {
  if (isEmpty(policy)) return [required(field)]
  return PULL_POLICIES.includes(policy) ? [] : [notSupported(field, policy, PULL_POLICIES)]
}
