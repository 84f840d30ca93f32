import { isSidecar, type ContainerStatus, type Pod } from '../pod.ts'
import { latestEvent, type ToldEvent } from './told-events.ts'
import { after, inOneLine, quoted, waits, type PodReason, type SeenPod } from './pod-reason.ts'
import { RULES } from './waiting-rules.ts'
import { whyAppsWait } from './why-apps-wait.ts'
import { whyContainerWaits } from './why-container-waits.ts'
import { whyTerminating } from './why-terminating.ts'

/** What a pod waits for now and which rule says so, from its spec, status and events alone. */
export function whyWaiting(pod: Pod, events: readonly ToldEvent[], nowMs: number): PodReason {
  const seen = { pod, events, nowMs }
  return (
    whyOver(pod) ?? whyTerminating(seen) ?? whyUnplaced(seen) ?? whyNotBegun(seen) ?? whyInit(seen) ?? whyAppsWait(seen)
  )
}

function whyOver({ metadata, status }: Pod): PodReason | undefined {
  // What is deleted goes on: its object is still to be removed.
  if (metadata.deletionTimestamp !== undefined) return undefined
  if (status?.phase === 'Succeeded') {
    return {
      is: 'over',
      says: 'waits for nothing: it has Succeeded, all of its containers are done',
      rule: RULES.phase,
    }
  }
  if (status?.phase !== 'Failed') return undefined
  const { reason, message } = status
  const isRejected = /^(OutOf|NodeAffinity|UnexpectedAdmission)/.test(reason ?? '')
  const rule = reason === 'DeadlineExceeded' ? RULES.deadline : isRejected ? RULES.scheduling : RULES.phase
  const why = reason === undefined ? failedContainers(status) : `${reason}${after(message)}`
  return { is: 'over', says: `waits for nothing: it has Failed (${why})`, rule }
}

function failedContainers({ initContainerStatuses = [], containerStatuses = [] }: NonNullable<Pod['status']>): string {
  const failed = [...initContainerStatuses, ...containerStatuses].filter(
    ({ state }) => (state?.terminated?.exitCode ?? 0) !== 0,
  )
  const texts = failed.map(({ name, state }) => {
    const { exitCode = 0, reason = '' } = state?.terminated ?? {}
    return `container "${name}" exited ${exitCode}${reason === '' || reason === 'Error' ? '' : `, ${reason}`}`
  })
  return texts.join('; ') || 'no container says why'
}

function whyUnplaced({ pod }: SeenPod): PodReason | undefined {
  if (pod.spec.nodeName) return undefined
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')
  if (scheduled?.reason === 'SchedulingGated') {
    const gates = (pod.spec.schedulingGates ?? []).map(({ name }) => name)
    return waits(`for somebody to remove its scheduling gates ${quoted(gates)}`, RULES.schedulingGates)
  }
  if (scheduled?.status === 'False')
    return waits(`for a node that can take it${after(scheduled.message)}`, RULES.scheduling)
  return waits('for the scheduler to give it to a node', RULES.scheduling)
}

/** Nothing of it is there: what keeps it from beginning only events tell. */
function whyNotBegun({ pod, events }: SeenPod): PodReason | undefined {
  const { conditions = [], containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {}
  const hasBegun = [...initContainerStatuses, ...containerStatuses].some(
    ({ state, lastState }) => (state?.running ?? state?.terminated ?? lastState?.terminated) !== undefined,
  )
  const sandbox = conditions.find(({ type }) => type === 'PodReadyToStartContainers')
  if (hasBegun || sandbox?.status === 'True') return undefined
  const trouble = latestEvent(events, ({ type, reason = '' }) => type === 'Warning' && BEFORE_CONTAINERS.has(reason))
  const isVolumes = trouble !== undefined && trouble.reason !== 'FailedCreatePodSandBox'
  if (isVolumes) return waits(`for its volumes${after(trouble.message)}`, RULES.volumes)
  if (trouble !== undefined) return waits(`for its sandbox${after(trouble.message)}`, RULES.sandbox)
  // Older nodes tell of no sandbox: what their containers say counts.
  const hasWord = [...initContainerStatuses, ...containerStatuses].some(({ state }) => !isUsual(state?.waiting?.reason))
  return sandbox === undefined && (hasWord || containerStatuses.length > 0)
    ? undefined
    : waits('for its sandbox: the network that its containers share is being made', RULES.sandbox)
}

const BEFORE_CONTAINERS: ReadonlySet<string> = new Set(['FailedCreatePodSandBox', 'FailedMount', 'FailedAttachVolume'])

function isUsual(reason: string | undefined): boolean {
  return reason === undefined || reason === 'ContainerCreating' || reason === 'PodInitializing'
}

/** The first init container that holds up what comes after it. */
function whyInit(seen: SeenPod): PodReason | undefined {
  const { pod } = seen
  const containers = pod.spec.initContainers ?? []
  const statuses = pod.status?.initContainerStatuses ?? []
  // They ran once, and do not run again for app containers that restart.
  if (pod.status?.conditions?.some(({ type, status }) => type === 'Initialized' && status === 'True')) return undefined
  const index = containers.findIndex(
    ({ name }, at) =>
      !isDone(
        statuses.find((one) => one.name === name),
        isSidecarAt(pod, at),
      ),
  )
  const container = containers[index]
  if (container === undefined) return undefined
  const status = statuses.find(({ name }) => name === container.name)
  const place = isSidecar(container)
    ? `sidecar "${container.name}"`
    : `init container "${container.name}" (${index + 1} of ${containers.length})`
  const trouble = whyContainerWaits(seen, { container, status, place })
  if (trouble !== undefined) return trouble
  if (isSidecar(container)) return waits(`for its ${place} to start`, RULES.sidecarStarted)
  if (status?.state?.terminated !== undefined) {
    const { exitCode, message } = status.state.terminated
    return waits(`for its ${place} to run again: it exited ${exitCode}${after(message)}`, RULES.initRetry)
  }
  const isRunning = status?.state?.running !== undefined
  return waits(`for its ${place} to ${isRunning ? 'end' : 'start'}`, RULES.initOrder)
}

function isSidecarAt(pod: Pod, index: number): boolean {
  const container = pod.spec.initContainers?.[index]
  return container !== undefined && isSidecar(container)
}

function isDone(status: ContainerStatus | undefined, sidecar: boolean): boolean {
  if (sidecar) return status?.started === true
  return status?.state?.terminated?.exitCode === 0
}

/** The whole sentence: `pod "web" waits for …: <rule> (S4, https://…)`. */
export function reasonSentence(name: string, { says, rule }: PodReason): string {
  const place = rule.id === undefined ? rule.see : `${rule.id}, ${rule.see}`
  return `pod ${JSON.stringify(name)} ${inOneLine(says)}; ${rule.says} (${place})`
}
