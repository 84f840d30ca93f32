import type { ContainerStatus, Pod } from '../../../kube/api/pod.ts'
import type { RestartBackOff } from './expected-restart.ts'
import type { PodNews } from './pod-news.ts'

/** What was told of one pod so far: the next state is compared with it. */
export interface Narration {
  /** As it was seen last. */
  readonly pod: Pod
  readonly createdAtMs: number
  /** The curve of the node that runs it. */
  readonly backOff: RestartBackOff
  readonly wasReady: boolean
  readonly containers: Readonly<Record<string, ContainerNarration>>
  /** By the event's name: how often it had happened when it was told. */
  readonly eventCounts: Readonly<Record<string, number>>
}

/** What was told of one container. */
export interface ContainerNarration {
  readonly status?: ContainerStatus
  /** The instances of `status`, with what was told of them. */
  readonly instances: readonly ToldInstance[]
  /** When its pull was announced. */
  readonly pullingSinceMs?: number
  /** Failed pulls in a row. */
  readonly pullFailures: number
  /** The delay before its next start that was told last, in milliseconds. */
  readonly toldRestartInMs?: number
}

export interface ToldInstance {
  /** The same for the same instance in every status. */
  readonly key: string
  /** From 0: how many starts there were before. */
  readonly number: number
  readonly isOver: boolean
}

export interface Narrated {
  readonly narration: Narration
  readonly news: readonly PodNews[]
}

export function beginNarration(pod: Pod, nowMs: number, backOff: RestartBackOff = 'normal'): Narration {
  return { pod, createdAtMs: nowMs, backOff, wasReady: false, containers: {}, eventCounts: {} }
}

const NOTHING_TOLD: ContainerNarration = { instances: [], pullFailures: 0 }

export function toldOf(narration: Narration, container: string): ContainerNarration {
  return narration.containers[container] ?? NOTHING_TOLD
}
