import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { Container, ContainerStatus, ContainerStatusState, Pod, PodSpec, PodStatus } from '../api/pod.ts'
import { computePodActions } from './compute-pod-actions.ts'
import { computePodStatus } from './compute-pod-status.ts'
import { NOW_MS, sampleContainer, samplePod } from './sample-pod.ts'
import { SimulatedMachine } from './simulated-machine.ts'
import type { InstanceScript } from './machine-script.ts'

/** A pod as a node of Kubernetes 1.20 ran it: what its containers did, and every status that a watch saw. */
interface RecordedHistory {
  readonly case: string
  readonly uid: string
  readonly spec: Omit<Partial<PodSpec>, 'initContainers' | 'containers'> & {
    readonly initContainers?: readonly RecordedContainer[]
    readonly containers: readonly RecordedContainer[]
  }
  /** null: it never ends. */
  readonly instances: Readonly<Record<string, readonly RecordedInstance[]>>
  readonly deleted?: { readonly afterSeconds: number; readonly graceSeconds: number }
  readonly steps: readonly Step[]
}

type RecordedContainer = Partial<Container> & { readonly name: string }

interface RecordedInstance extends Partial<Pick<InstanceScript, 'postStart' | 'preStopMs' | 'probes' | 'message'>> {
  readonly fails?: NonNullable<InstanceScript['fails']>
  readonly runMs?: number | null
  readonly exitCode?: number
  readonly reason?: string
  readonly termMs?: number | null
}

/** A status, as far as it does not depend on times and identifiers. */
interface Step {
  readonly phase: string
  readonly reason?: string
  readonly conditions: Readonly<Record<string, readonly string[]>>
  readonly containers: Readonly<Record<string, ContainerStep>>
}

interface ContainerStep {
  readonly state: string
  readonly lastState: string
  readonly ready: boolean
  readonly restartCount: number
  /** Where it is what the history is about. */
  readonly started?: boolean
  readonly message?: string
  readonly backOff?: string
}

const file = new URL('testdata/recorded-histories.json', import.meta.url)
const histories = JSON.parse(readFileSync(file, 'utf8')) as readonly RecordedHistory[]

describe('pods that a Kubernetes node ran go through the same states in the same order here', () => {
  for (const history of histories) {
    it(history.case, () => {
      const ours = replay(history).map((step) => JSON.stringify(step))
      let from = 0
      for (const step of history.steps.map((recorded) => asToday(recorded, history))) {
        const found = ours.indexOf(JSON.stringify(step), from)
        assert.ok(
          found !== -1,
          `after ${String(ours[from - 1])}\nno ${JSON.stringify(step)}\nin ${ours.slice(from).join('\n')}`,
        )
        from = found + 1
      }
    })
  }
})

/** Every status of the pod on a simulated machine, each one once. */
function replay(history: RecordedHistory): Step[] {
  let pod = podOf(history)
  const machine = new SimulatedMachine(
    {
      sandboxes: [{ ms: 100, fails: false }],
      removeMs: 10,
      killMs: 10,
      instances: Object.fromEntries(Object.entries(history.instances).map(([name, all]) => [name, all.map(scriptOf)])),
    },
    () => pod,
    NOW_MS,
  )
  const steps: Step[] = []
  const deleteAtMs = NOW_MS + (history.deleted?.afterSeconds ?? Infinity) * 1000
  while (!machine.isForgotten && machine.nowMs < NOW_MS + 120_000) {
    if (machine.nowMs === deleteAtMs) pod = deletedNow(pod, history, machine.nowMs)
    const status: PodStatus = computePodStatus(pod, machine.observe(), pod.status, machine.nowMs)
    pod = { ...pod, status }
    const step = stepOf(status, history)
    if (JSON.stringify(step) !== JSON.stringify(steps.at(-1))) steps.push(step)
    const actions = computePodActions(pod, machine.observe(), machine.nowMs)
    for (const action of actions) machine.perform(action)
    if (actions.some((action) => action.do !== 'look-again' && action.do !== 'prepare')) continue
    const lookAgain = actions.map((action) => (action.do === 'look-again' ? action.atMs : Infinity))
    const deletion = machine.nowMs < deleteAtMs ? deleteAtMs : Infinity
    const next = Math.min(machine.nextEventAtMs(), deletion, ...lookAgain)
    if (next === Infinity) break
    machine.advanceTo(next)
  }
  return steps
}

/** What newer versions tell differently, and why. */
function asToday(step: Step, { deleted }: RecordedHistory): Step {
  const containers = Object.entries(step.containers)
  const allEnded = containers.every(([, { state }]) => state.startsWith('terminated'))
  const allSucceeded = containers.every(([, { state }]) => state.startsWith('terminated 0'))
  // A deleted pod gets a final phase before it goes (H10).
  const phase = deleted !== undefined && allEnded ? (allSucceeded ? 'Succeeded' : 'Failed') : step.phase
  if (phase === 'Succeeded') {
    const completed = ['False', 'PodCompleted']
    const conditions = { Initialized: ['True', 'PodCompleted'], Ready: completed, ContainersReady: completed }
    return { ...step, phase, conditions }
  }
  if (phase !== 'Failed') return step
  const failed = ['False', 'PodFailed']
  return {
    ...step,
    phase,
    // The conditions of a failed pod say so; a pod past its deadline has them, too.
    conditions: { Initialized: ['True'], ...step.conditions, Ready: failed, ContainersReady: failed },
    // A phase is final once nothing runs any more.
    containers: Object.fromEntries(
      containers.map(([name, told]) => [
        name,
        told.state === 'running' ? { ...told, state: 'terminated 0 Completed' } : told,
      ]),
    ),
  }
}

function podOf({ case: name, uid, spec }: RecordedHistory): Pod {
  const { initContainers = [], containers, ...rest } = spec
  const whole = (container: RecordedContainer): Container => sampleContainer(container.name, container)
  return samplePod(
    { ...rest, initContainers: initContainers.map(whole), containers: containers.map(whole) },
    { name, namespace: 'recorded', uid },
  )
}

function scriptOf({ runMs, termMs = 50, exitCode = 0, ...rest }: RecordedInstance): InstanceScript {
  return {
    startMs: 50,
    runMs: runMs ?? Infinity,
    exitCode,
    termMs: termMs ?? Infinity,
    termExitCode: 0,
    ...rest,
  }
}

function deletedNow(pod: Pod, { deleted }: RecordedHistory, nowMs: number): Pod {
  const { graceSeconds = 0 } = deleted ?? {}
  const deletionTimestamp = new Date(nowMs + graceSeconds * 1000).toISOString()
  return { ...pod, metadata: { ...pod.metadata, deletionTimestamp, deletionGracePeriodSeconds: graceSeconds } }
}

function stepOf(status: PodStatus, history: RecordedHistory): Step {
  const told = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
  const conditions = (status.conditions ?? [])
    .filter(({ type }) => type !== 'PodScheduled' && type !== 'PodReadyToStartContainers')
    .map(
      ({ type, status: is, reason, message }) =>
        [type, [is, reason, message].filter((word) => word !== undefined)] as const,
    )
  return {
    phase: status.phase ?? '',
    ...(status.reason !== undefined && { reason: status.reason }),
    conditions: Object.fromEntries(conditions),
    containers: Object.fromEntries(told.map((container) => [container.name, containerStepOf(container, history)])),
  }
}

function containerStepOf(told: ContainerStatus, { steps }: RecordedHistory): ContainerStep {
  const { state, lastState, ready, started, restartCount } = told
  const recorded = steps[0]?.containers[told.name]
  const message = state?.waiting?.message ?? ''
  return {
    state: stateWord(state),
    lastState: stateWord(lastState),
    ready,
    restartCount,
    ...(recorded?.started !== undefined && { started: started === true }),
    ...(recorded?.message !== undefined && { message: state?.terminated?.message ?? '' }),
    ...(message.includes('back-off') && { backOff: message }),
  }
}

function stateWord(state: ContainerStatusState | undefined): string {
  if (state?.running !== undefined) return 'running'
  if (state?.waiting !== undefined) return `waiting ${state.waiting.reason ?? ''}`
  if (state?.terminated === undefined) return 'none'
  return `terminated ${String(state.terminated.exitCode)} ${state.terminated.reason ?? ''}`
}
