import { rfc3339 } from '../api/rfc3339.ts'
import type { ContainerStatus, Pod, PodCondition, PodPhase } from '../api/pod.ts'
import { hasRun } from './container-facts.ts'
import { appPlaces, initPlaces } from './container-places.ts'
import type { ObservedPod } from './observed-pod.ts'
import type { PodCourse } from './pod-course.ts'
import { mayRestartAll } from './restart-rules.ts'

export interface ConditionInputs {
  readonly phase: PodPhase | undefined
  readonly course: PodCourse
  readonly containers: readonly ContainerStatus[]
  readonly before: readonly PodCondition[]
}

type Verdict = {
  readonly is: boolean
  readonly reason?: string
  readonly message?: string
  readonly generation?: number
}

/** They are told only while they are true. */
const RESIZE_CONDITIONS = ['PodResizePending', 'PodResizeInProgress']

/** In the order in which a node writes them, after the conditions that others own (C2, C3, S1, S8). */
export function computePodConditions(
  pod: Pod,
  seen: ObservedPod,
  inputs: ConditionInputs,
  nowMs: number,
): PodCondition[] {
  const containersReady = judgeContainers(pod, inputs)
  const verdicts: readonly (readonly [type: string, verdict: Verdict])[] = [
    ...resizeVerdicts(seen),
    ['PodReadyToStartContainers', { is: seen.sandbox.is === 'ready' }],
    ['Initialized', judgeInitialized(pod, seen, inputs)],
    ['Ready', containersReady.is ? judgeReadinessGates(pod, inputs.before) : containersReady],
    ['ContainersReady', containersReady],
    ['PodScheduled', { is: true }],
    ...(mayRestartAll(pod) ? ([['AllContainersRestarting', judgeRestartingAll(inputs)]] as const) : []),
  ]
  const own = new Set([...verdicts.map(([type]) => type), ...RESIZE_CONDITIONS])
  return [
    ...inputs.before.filter(({ type }) => !own.has(type)),
    ...verdicts.map(([type, verdict]) => {
      const last = inputs.before.find((condition) => condition.type === type)
      return condition({ type, verdict, last, generation: verdict.generation ?? pod.metadata.generation }, nowMs)
    }),
  ]
}

function condition(
  from: { type: string; verdict: Verdict; last: PodCondition | undefined; generation: number | undefined },
  nowMs: number,
): PodCondition {
  const { type, verdict, last, generation } = from
  const status = verdict.is ? 'True' : 'False'
  const isSame = last?.status === status && last.lastTransitionTime !== undefined
  return {
    type,
    status,
    ...(generation !== undefined && { observedGeneration: generation }),
    lastTransitionTime: isSame ? last.lastTransitionTime : rfc3339(nowMs),
    ...(verdict.reason !== undefined && { reason: verdict.reason }),
    ...(verdict.message !== undefined && { message: verdict.message }),
  }
}

/** Q6: each speaks of the manifest that asks for the resize. */
function resizeVerdicts({ resizePending, resizing }: ObservedPod): (readonly [type: string, verdict: Verdict])[] {
  const failed = typeof resizing?.step === 'object' ? { reason: 'Error', message: resizing.step.failed } : {}
  return [
    ...(resizePending === undefined ? [] : [['PodResizePending', { is: true, ...resizePending }] as const]),
    ...(resizing === undefined
      ? []
      : [['PodResizeInProgress', { is: true, ...failed, generation: resizing.generation }] as const]),
  ]
}

function judgeInitialized(pod: Pod, seen: ObservedPod, { phase, containers }: ConditionInputs): Verdict {
  if (phase === 'Succeeded') return { is: true, reason: 'PodCompleted' }
  // Once an app container has run the pod was initialized: a sidecar that restarts does not take it back.
  if (appPlaces(pod).some(({ name }) => hasRun(seen, name))) return { is: true }
  const incomplete = initPlaces(pod).filter(({ name, role }) => {
    const status = containers.find((container) => container.name === name)
    return role === 'sidecar' ? status?.started !== true : status?.ready !== true
  })
  if (incomplete.length === 0) return { is: true }
  const message = `containers with incomplete status: ${goList(incomplete.map(({ name }) => name))}`
  return { is: false, reason: 'ContainersNotInitialized', message }
}

/** Sidecars count (S5); init containers that ended do not. */
function judgeContainers(pod: Pod, { phase, containers }: ConditionInputs): Verdict {
  if (phase === 'Succeeded') return { is: false, reason: 'PodCompleted' }
  if (phase === 'Failed') return { is: false, reason: 'PodFailed' }
  const unready = [...initPlaces(pod).filter(({ role }) => role === 'sidecar'), ...appPlaces(pod)]
    .map(({ name }) => name)
    .filter((name) => containers.find((container) => container.name === name)?.ready !== true)
  if (unready.length === 0) return { is: true }
  return { is: false, reason: 'ContainersNotReady', message: `containers with unready status: ${goList(unready)}` }
}

/** R7; told of pods that know such a restart. */
function judgeRestartingAll({ phase, course }: ConditionInputs): Verdict {
  if (phase === 'Succeeded') return { is: false, reason: 'PodCompleted' }
  if (phase === 'Failed') return { is: false, reason: 'PodFailed' }
  if (course.is !== 'restarting-all') return { is: false }
  const message = `container ${course.trigger} exited with restart policy rule`
  return { is: true, reason: 'RestartAllContainersStarted', message }
}

function judgeReadinessGates(pod: Pod, before: readonly PodCondition[]): Verdict {
  const complaints = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const gate = before.find(({ type }) => type === conditionType)
    if (gate === undefined) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`]
    if (gate.status === 'True') return []
    return [`the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`]
  })
  if (complaints.length === 0) return { is: true }
  return { is: false, reason: 'ReadinessGatesNotReady', message: complaints.join(', ') }
}

function goList(names: readonly string[]): string {
  return `[${names.join(' ')}]`
}
