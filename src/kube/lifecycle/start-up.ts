import type { Pod } from '../api/pod.ts'
import { stateHere, stateOf, wasTriedHere } from './container-facts.ts'
import { appPlaces, initPlaces } from './container-places.ts'
import type { ContainerPlace } from './container-places.ts'
import { keepRunning } from './keep-running.ts'
import type { ObservedPod } from './observed-pod.ts'
import type { PodAction } from './pod-action.ts'
import { isRestartedAfter } from './restart-rules.ts'
import { isHeldByPostStart } from './running-container.ts'

/**
 * Brings the containers of a pod up in order and keeps up what is (S2 to S7): init containers and sidecars one after
 * the other, then the app containers. The sidecars that were passed are kept running all the while (S6).
 */
export function startUp(pod: Pod, seen: ObservedPod, nowMs: number): PodAction[] {
  const inits = initPlaces(pod)
  const dueIndex = dueInitIndex(pod, seen)
  const passedSidecars = inits.slice(0, dueIndex).filter(({ role }) => role === 'sidecar')
  const kept = passedSidecars.flatMap((sidecar) => keepRunning(pod, seen, sidecar, nowMs))
  const due = inits[dueIndex]
  if (due === undefined) return [...kept, ...startApps(pod, seen, nowMs)]
  return [...kept, ...keepRunning(pod, seen, due, nowMs), ...prepareAfter(pod, seen, dueIndex)]
}

/** Whether all that have to be up or done before a container's start are (S2, S4). */
export function isItsTurnToStart(pod: Pod, seen: ObservedPod, { name }: ContainerPlace): boolean {
  const dueIndex = dueInitIndex(pod, seen)
  const index = initPlaces(pod).findIndex((init) => init.name === name)
  return dueIndex >= (index === -1 ? initPlaces(pod).length : index)
}

/** The init container or sidecar whose turn it is; the number of them when all have been passed. */
function dueInitIndex(pod: Pod, seen: ObservedPod): number {
  const inits = initPlaces(pod)
  // Records of finished init containers may have been cleaned up: what was started after them shows that they ran (S12).
  if (appPlaces(pod).some(({ name }) => wasTriedHere(seen, name))) return inits.length
  const reached = inits.findLastIndex(({ name }) => wasTriedHere(seen, name))
  const current = inits[reached]
  return current === undefined ? 0 : isPassed(seen, current) ? reached + 1 : reached
}

function isPassed(seen: ObservedPod, { name, role }: ContainerPlace): boolean {
  const state = stateHere(seen, name)
  if (role === 'sidecar') return state.is === 'running' && state.started
  return state.is === 'exited' && state.exitCode === 0
}

/**
 * S7: an app container's first start waits until the ones before it are past starting and past their postStart hooks;
 * whether they run, failed or wait for a back-off is no matter. Later starts wait for nobody, whoever else is starting or stopping (R10).
 */
function startApps(pod: Pod, seen: ObservedPod, nowMs: number): PodAction[] {
  const actions: PodAction[] = []
  let someoneIsStarting = false
  for (const app of appPlaces(pod)) {
    const isFirstStart = !wasTriedHere(seen, app.name)
    if (isFirstStart && someoneIsStarting) {
      actions.push(...prepare(pod, seen, app))
      continue
    }
    const next = keepRunning(pod, seen, app, nowMs)
    actions.push(...next)
    someoneIsStarting ||= isBeingStarted(seen, app) || next.some((action) => action.do === 'start')
  }
  return actions
}

function isBeingStarted(seen: ObservedPod, { name }: ContainerPlace): boolean {
  const state = stateOf(seen, name)
  return state.is === 'starting' || (state.is === 'running' && isHeldByPostStart(state))
}

/** While an init container is at work: the ones up to the next init container, which will start without delay. */
function prepareAfter(pod: Pod, seen: ObservedPod, dueIndex: number): PodAction[] {
  const inits = initPlaces(pod)
  const due = inits[dueIndex]
  if (due === undefined) return []
  const { is } = stateHere(seen, due.name)
  if (is !== 'starting' && is !== 'running') return []
  const following = [...inits, ...appPlaces(pod)].slice(dueIndex + 1)
  const nextInit = following.findIndex(({ role }) => role === 'init')
  return following.slice(0, nextInit === -1 ? undefined : nextInit + 1).flatMap((place) => prepare(pod, seen, place))
}

/** Only what was never tried in this sandbox, and will be. */
function prepare(pod: Pod, seen: ObservedPod, place: ContainerPlace): PodAction[] {
  const { name, role } = place
  if (wasTriedHere(seen, name)) return []
  const state = stateOf(seen, name)
  const isDone = role === 'app' && state.is === 'exited' && !isRestartedAfter(pod, place, state)
  return isDone ? [] : [{ do: 'prepare', container: name }]
}
