import { Failure } from '../../failure.ts'
import type { Pod } from '../../kube/api/pod.ts'
import type { ObservedContainer } from '../../kube/lifecycle/observed-pod.ts'
import type { Engine } from './engine.ts'
import { logFileOf } from './pod-paths.ts'
import type { PodWorld } from './pod-world.ts'
import { readLog } from './logs/read-log.ts'

export interface PodLogRequest {
  readonly container: string
  readonly follow: boolean
  /** The instance before the newest one. */
  readonly previous: boolean
  readonly timestamps: boolean
  readonly streamNames: boolean
  readonly stream?: 'stdout' | 'stderr'
  readonly tailLines?: number
  readonly sinceMs?: number
  readonly signal: AbortSignal
}

/**
 * What one instance of a container wrote.
 *
 * @throws Failure BadRequest when the container has not started yet, or was never restarted and `previous` is asked for
 */
export function openPodLog(engine: Engine, pod: Pod, request: PodLogRequest): AsyncIterable<Uint8Array> {
  const world = engine.world(pod.metadata.uid)
  const name = request.container
  const container = world?.observations.container(name)
  const newest = container === undefined ? undefined : newestInstance(container)
  if (world === undefined || newest === undefined) {
    throw new Failure(
      'BadRequest',
      `container "${name}" in pod "${pod.metadata.name}" is waiting to start: ${waitingReason(container)}`,
    )
  }
  const instance = request.previous ? newest - (newest === 0 && isBetweenRuns(pod, name) ? 0 : 1) : newest
  if (instance < 0) {
    throw new Failure('BadRequest', `previous terminated container "${name}" in pod "${pod.metadata.name}" not found`)
  }
  const { tailLines, sinceMs, stream } = request
  const logFile = logFileOf(world.paths.logs, name, instance)
  return readLog(logFile, {
    timestamps: request.timestamps,
    streamNames: request.streamNames,
    ...(stream === undefined ? {} : { stream }),
    signal: request.signal,
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(request.follow
      ? {
          follow: {
            isOver: () => isOver(world, name, instance),
            whenChanged: (listener) => world.onChange(listener),
            hold: () => engine.holdLog(logFile),
          },
        }
      : {}),
  })
}

/** @returns the number of the newest instance that has run, or undefined when none has. */
function newestInstance({ state, restarts, previous }: ObservedContainer): number | undefined {
  if (state.is === 'running' || state.is === 'exited') return restarts
  return previous === undefined ? undefined : restarts - 1
}

/** Its first run is over and the next has not begun: kubectl has that for the previous one, too. */
function isBetweenRuns({ status }: Pod, name: string): boolean {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  return all.find((each) => each.name === name)?.lastState?.terminated !== undefined
}

function isOver(world: PodWorld, name: string, instance: number): boolean {
  const container = world.observations.container(name)
  if (container === undefined || world.forgotten || container.restarts > instance) return true
  return container.state.is === 'exited'
}

function waitingReason(container: ObservedContainer | undefined): string {
  return container?.state.is === 'not-started' ? container.state.reason : 'ContainerCreating'
}
