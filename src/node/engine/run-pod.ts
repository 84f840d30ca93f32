import { messageOf } from '../../failure.ts'
import { computePodActions } from '../../kube/lifecycle/compute-pod-actions.ts'
import type { ObservedPod } from '../../kube/lifecycle/observed-pod.ts'
import type { NodeClaim } from '../../kube/lifecycle/node-fit.ts'
import { allocateResize } from './allocate-resize.ts'
import { sleepUntil } from './clock.ts'
import { collectPodGarbage } from './collect-pod-garbage.ts'
import { limitVolumes } from './limit-volumes.ts'
import { PassBudget } from './pass-budget.ts'
import { performAction } from './perform-action.ts'
import { measureStart } from './measure-start.ts'
import type { GrowingLog, LogRotation } from './logs/log-rotation.ts'
import type { PodWorld } from './pod-world.ts'
import { PodProbes } from './probes/pod-probes.ts'
import type { ProbeSchedule } from './probes/probe-schedule.ts'
import { publishStatus } from './publish-status.ts'
import type { SourceWatch } from './sources/source-watch.ts'
import { PodSources } from './sources/watch-pod-sources.ts'
import { watchSandbox } from './watch-sandbox.ts'

/** When the disk takes nothing, the pod goes on, and this much later it is told again how it is. */
const TELL_AGAIN_MS = 1_000

/** What all pods have together. */
export interface SharedSchedules {
  readonly sources: SourceWatch
  readonly probes: ProbeSchedule
  readonly logs: LogRotation | undefined
  /** What the node has promised to the others. */
  readonly claimsBeside: (world: PodWorld) => Iterable<NodeClaim>
}

/** One pod's loop: look, tell, decide, act, sleep until something changed. Ends when the pod is forgotten or on abort. */
export async function runPod(world: PodWorld, shared: SharedSchedules, signal: AbortSignal): Promise<void> {
  const probes = new PodProbes(world, shared.probes)
  const sources = new PodSources(world, shared.sources)
  world.begin(world.dataVolumes.keep(signal))
  measureStart(world)
  world.begin(limitVolumes(world, signal))
  world.begin(watchSandbox(world, signal))
  const { clock, log } = world.parts
  const budget = new PassBudget()
  let isRestless = false
  let complaint = ''
  while (!world.forgotten && !signal.aborted) {
    const nowMs = clock.nowMs()
    world.observations.clampTo(nowMs)
    sources.follow()
    allocateResize(world, () => shared.claimsBeside(world))
    const { seen } = world.observations
    world.dataVolumes.follow(world.pod, seen)
    const failure = await tell(world, seen, nowMs)
    if (failure !== undefined && failure !== complaint) log(`pod ${world.name}: tell how it is: ${failure}`)
    complaint = failure ?? ''
    // Only what is on the record by now may go.
    if (failure === undefined) collectPodGarbage(world)
    probes.follow(seen, nowMs)
    shared.logs?.follow(world.pod.metadata.uid, growingLogs(world, seen))
    const actions = computePodActions(world.pod, seen, nowMs)
    for (const action of actions) performAction(world, action, signal)
    const againAtMs = actions.map((action) => (action.do === 'look-again' ? action.atMs : Infinity))
    await world.wake.wait(Math.min(failure === undefined ? Infinity : nowMs + TELL_AGAIN_MS, ...againAtMs), signal)
    // Asked anew: the clock may have been set while the loop slept.
    const wokenAtMs = clock.nowMs()
    const notBeforeMs = budget.take(wokenAtMs)
    if (notBeforeMs <= wokenAtMs) continue
    if (!isRestless) log(`pod ${world.name}: changes all the time: it is looked at 20 times a second from now on`)
    isRestless = true
    await sleepUntil(clock, notBeforeMs, signal)
  }
  probes.stop()
  sources.stop()
  shared.logs?.follow(world.pod.metadata.uid, [])
  await world.closed()
  // What its last steps have found out.
  if (!world.forgotten) world.remember()
}

function growingLogs(world: PodWorld, { containers }: ObservedPod): readonly GrowingLog[] {
  return [...world.instances.values()].filter(({ id, container }) => {
    const state = containers[container]?.state
    return state?.is === 'running' && state.id === id
  })
}

/** First the record on disk, then the store. @returns what kept it from being told. */
async function tell(world: PodWorld, seen: ObservedPod, nowMs: number): Promise<string | undefined> {
  try {
    world.remember()
    await publishStatus(world, seen, nowMs)
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}
