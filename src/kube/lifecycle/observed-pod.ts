import type { Allocation, Amounts } from './allocation.ts'
import type { StopReason } from './pod-action.ts'
import type { BackOff } from './restart-delay.ts'

/** What the engine saw of one Pod on the machine: the only input, beside the Pod and the clock, of every decision. */
export interface ObservedPod {
  readonly sandbox: ObservedSandbox
  /** By container name. A container that is not here was never created in this pod. */
  readonly containers: Readonly<Record<string, ObservedContainer>>
  /** When the node took the pod in: `status.startTime`, and where activeDeadlineSeconds counts from (S13). */
  readonly acceptedAtMs: number
  /** When this agent took it over from one that was stopped or killed: grace periods begin again with it (H5). */
  readonly adoptedAtMs?: number
  /** The node has to be rid of the pod: it took more than it may (Q7). */
  readonly evicted?: { readonly message: string; readonly atMs: number }
  /** The node did not take the pod: nothing of it was ever begun. */
  readonly rejected?: Rejection
  /** What the node has promised the containers, as long as it may differ from the manifest; absent: what that says (Q6). */
  readonly allocated?: Allocation
  /** Other amounts that the manifest asks for and the node could not promise, the last time that it looked. */
  readonly resizePending?: PendingResize
  /** Amounts that are promised and not in force for all containers yet. */
  readonly resizing?: ObservedResize
  /** How often an object that the pod takes values or files from was seen to change; absent: never. */
  readonly sourceChanges?: number
  /** This node's restart back-off (R3, R4); absent: Kubernetes' normal one. */
  readonly backOff?: BackOff
}

/** Why a node does not take a pod, such as `OutOfcpu`. */
export interface Rejection {
  readonly reason: string
  readonly message: string
}

export interface PendingResize {
  readonly reason: 'Deferred' | 'Infeasible'
  readonly message: string
  /** Of the manifest that asks for it. */
  readonly generation: number
}

export interface ObservedResize {
  /** Of the manifest that asks for it. */
  readonly generation: number
  readonly step:
    | 'due'
    | 'under-way'
    /** All is done but for the containers that have to be restarted. */
    | 'restarting'
    | { readonly failed: string; readonly failedAtMs: number }
}

export type ObservedSandbox =
  | { readonly is: 'absent' }
  /** Being made (or removed): leave it alone until it is done. */
  | { readonly is: 'changing' }
  | {
      readonly is: 'failed'
      readonly message: string
      readonly failedAtMs: number
      readonly attempts: number
      /** How many of the pod's `sourceChanges` there were when it was begun. */
      readonly sourceChanges?: number
    }
  | {
      readonly is: 'ready'
      /** Increases with every sandbox of the same pod: 0, 1, … A container of an older sandbox does not count (S11). */
      readonly attempt: number
      readonly podIPs: readonly string[]
      readonly hostIPs: readonly string[]
      readonly readyAtMs: number
    }

export interface ObservedContainer {
  /** Starts after the first one: Kubernetes' restartCount. Never goes down (invariant 6). */
  readonly restarts: number
  /** Restarts since the container last ran for ten minutes: what the back-off counts (R2). */
  readonly crashes: number
  /** The sandbox attempt that the newest instance belongs to. */
  readonly sandboxAttempt: number
  readonly state: ContainerState
  /** The instance before the one in `state`. */
  readonly previous?: ExitedContainer
  /** What the image reference resolved to, once it did. */
  readonly image?: { readonly name: string; readonly id: string }
  /** The image reference of the manifest that the newest instance is made from: another one there is a new wish (C4). */
  readonly specImage?: string
  /** What asks the newest instance to stop, such as `SIGTERM` (H8). */
  readonly stopSignal?: string
  /** What the newest instance runs with (Q6). */
  readonly amounts?: Amounts
  /** Who its first process runs as; the groups have the primary one among them (I2). */
  readonly user?: ContainerUser
}

export interface ContainerUser {
  readonly uid: number
  readonly gid: number
  readonly supplementalGroups: readonly number[]
}

export interface ExitedContainer {
  readonly is: 'exited'
  readonly id: string
  readonly exitCode: number
  readonly signal?: number
  /** Completed, Error, OOMKilled, StartError, ContainerCannotRun, ContainerStatusUnknown … */
  readonly reason: string
  readonly message?: string
  /** 0 when it never ran. */
  readonly startedAtMs: number
  readonly finishedAtMs: number
  /** Why it was stopped; absent: it ended by itself. */
  readonly stoppedBecause?: StopReason
  /** What its postStart hook said when it failed (H1). */
  readonly postStartFailure?: string
}

export type ContainerState =
  /** Nothing of it is on the machine and nothing is under way. */
  | { readonly is: 'absent' }
  /** Its image is being pulled, or it is being created and started. */
  | { readonly is: 'starting'; readonly sinceMs: number }
  | NotStarted
  | RunningContainer
  | ExitedContainer

/** Made and changed by the functions of running-container.ts alone: they keep `started` and `ready` true to the rest. */
export interface RunningContainer {
  readonly is: 'running'
  readonly id: string
  readonly startedAtMs: number
  /** Process running, postStart finished, startup probe passed or none (S4). */
  readonly started: boolean
  /** Started, and the readiness probe's verdict, or true without one. */
  readonly ready: boolean
  /** Absent: it has no such hook (H1). */
  readonly postStart?: PostStartCourse
  /** What its probes have found so far; the start values hold for what is absent (P2). */
  readonly probes?: Readonly<Partial<Record<ProbeKind, ProbeVerdict>>>
  readonly stopping?: ObservedStopping
}

export type PostStartCourse = 'due' | 'running' | 'done' | { readonly failed: string }

export type ProbeKind = 'startup' | 'liveness' | 'readiness'

export interface ProbeVerdict {
  readonly result: 'success' | 'failure'
  readonly sinceMs: number
}

/** The last attempt to start it did not get as far as a process; it is tried again after a back-off (Q10, R9). */
export interface NotStarted {
  readonly is: 'not-started'
  readonly reason:
    | 'ErrImagePull'
    | 'ErrImageNeverPull'
    | 'ImageInspectError'
    | 'InvalidImageName'
    | 'RegistryUnavailable'
    | 'CreateContainerConfigError'
    | 'CreateContainerError'
    | 'FailedMount'
  readonly message: string
  readonly failedAtMs: number
  /** Consecutive failures, from 1. */
  readonly attempts: number
  /** How many of the pod's `sourceChanges` there were when the attempt was begun. */
  readonly sourceChanges?: number
}

/** A stop that was begun and has not ended the process yet. */
export interface ObservedStopping {
  /** When its grace period began: with the preStop hook, if there is one (H2). */
  readonly sinceMs: number
  readonly graceSeconds: number
  /** 'done' whether it failed or not; absent: it was not begun, or whoever ran it is gone. */
  readonly preStop?: 'running' | 'done'
  /** When SIGTERM (or the container's stop signal) was sent. */
  readonly terminatedAtMs?: number
  readonly killedAtMs?: number
  /** Why, as the action that began it said. */
  readonly because?: StopReason
}
