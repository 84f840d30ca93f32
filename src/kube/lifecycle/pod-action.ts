/**
 * One step towards what a Pod asks for. Steps in one list may run together; what must come later is left to the next
 * pass. A step that was begun shows in the next ObservedPod ('changing', 'starting', 'stopping'), so that no pass asks twice.
 */
export type PodAction =
  | { readonly do: 'create-sandbox'; readonly attempt: number }
  /** Pull the image if the policy asks for it, create the container, start it. */
  | { readonly do: 'start'; readonly container: string }
  /**
   * Create, without starting it, a container that is sure to be wanted next, so that its start costs less. Advice: the
   * observed state stays 'absent' (or 'exited') and performing it twice or not at all is right.
   */
  | { readonly do: 'prepare'; readonly container: string }
  /** Begin the postStart hook of a container whose process runs (H1). */
  | { readonly do: 'run-post-start'; readonly container: string }
  /** Begin a stop with the preStop hook: its grace period is on the record from now on (H2). */
  | {
      readonly do: 'run-pre-stop'
      readonly container: string
      readonly graceSeconds: number
      readonly because: StopReason
    }
  /** Send the stop signal now. A stop that is on the record already keeps its beginning and its grace period. */
  | {
      readonly do: 'terminate'
      readonly container: string
      readonly graceSeconds: number
      readonly because: StopReason
    }
  /** SIGKILL: the grace period is over, or there was none. */
  | { readonly do: 'kill'; readonly container: string; readonly because: StopReason }
  /**
   * Nothing but ephemeral containers runs any more, and all others are to begin anew in the same sandbox, on the same
   * volumes: replace the records by what `resetContainers` makes of them, at once (R7).
   */
  | { readonly do: 'reset-containers' }
  /** Give the pod and its containers the amounts that they were promised, as far as that needs no restart (Q6). */
  | { readonly do: 'resize' }
  /** Unmount, free addresses and cgroups: no process of the pod is left. */
  | { readonly do: 'remove-sandbox' }
  /** The pod was deleted and nothing of it is left on the machine: take the object out of the store (H10). */
  | { readonly do: 'forget-pod' }
  | { readonly do: 'look-again'; readonly atMs: number }

export type StopReason =
  | 'PodDeleted'
  | 'PodFinished'
  | 'DeadlineExceeded'
  | 'SandboxChanged'
  | 'InitRestarted'
  | 'LivenessFailed'
  | 'StartupFailed'
  | 'PostStartFailed'
  | 'ImageChanged'
  | 'Resized'
  | 'AllContainersRestarting'
  | 'Evicted'
  | 'Rejected'
