import type { Allocation, Amounts } from '../../kube/lifecycle/allocation.ts'
import type {
  ContainerState,
  ObservedContainer,
  ObservedPod,
  ObservedResize,
  ObservedSandbox,
  ObservedStopping,
  PendingResize,
  Rejection,
} from '../../kube/lifecycle/observed-pod.ts'
import { clampInstants } from './clamp-instants.ts'
import type { Instance } from './pod-record.ts'

export interface ResizeChange {
  /** Absent: as before. */
  readonly allocated?: Allocation
  /** Absent: as before; undefined: none any more. */
  readonly pending?: PendingResize | undefined
  /** undefined: none any more. */
  readonly resizing: ObservedResize | undefined
}

/** What is known of one pod on the machine right now. Every change wakes the pod's loop. */
export class PodObservations {
  #seen: ObservedPod
  readonly #changed: () => void

  constructor(seen: ObservedPod, changed: () => void) {
    this.#seen = seen
    this.#changed = changed
  }

  get seen(): ObservedPod {
    return this.#seen
  }

  container(name: string): ObservedContainer | undefined {
    return this.#seen.containers[name]
  }

  /** The clock was set back: nothing that was seen lies in the future. */
  clampTo(nowMs: number): void {
    this.#seen = clampInstants(this.#seen, nowMs)
  }

  /** The first reason stays. */
  evict(message: string, atMs: number): void {
    if (this.#seen.evicted !== undefined) return
    this.#seen = { ...this.#seen, evicted: { message, atMs } }
    this.#changed()
  }

  /** An object that the pod stands on is another one now, is there now, or is gone. */
  sourceChanged(): void {
    this.#seen = { ...this.#seen, sourceChanges: (this.#seen.sourceChanges ?? 0) + 1 }
    this.#changed()
  }

  reject(rejected: Rejection): void {
    this.#seen = { ...this.#seen, rejected }
    this.#changed()
  }

  /** What the node has promised, and how far that has come (Q6). */
  setResize(change: ResizeChange): void {
    const { allocated, resizing } = change
    const pending = 'pending' in change ? change.pending : this.#seen.resizePending
    const seen = { ...this.#seen }
    delete seen.resizePending
    delete seen.resizing
    this.#seen = {
      ...seen,
      ...(allocated !== undefined && { allocated }),
      ...(pending !== undefined && { resizePending: pending }),
      ...(resizing !== undefined && { resizing }),
    }
    this.#changed()
  }

  setAmounts(name: string, amounts: Amounts): void {
    const container = this.#seen.containers[name]
    if (container !== undefined) this.setContainer(name, { ...container, amounts })
  }

  setSandbox(sandbox: ObservedSandbox): void {
    this.#seen = { ...this.#seen, sandbox }
    this.#changed()
  }

  setContainer(name: string, container: ObservedContainer): void {
    this.#seen = { ...this.#seen, containers: { ...this.#seen.containers, [name]: container } }
    this.#changed()
  }

  setState(name: string, state: ContainerState): void {
    const container = this.#seen.containers[name]
    if (container === undefined) throw new Error(`no container ${name} was observed yet`)
    this.setContainer(name, { ...container, state })
  }

  /** What the newest instance was made of. */
  setMade(name: string, { image, stopSignal, user, amounts }: Instance): void {
    const container = this.#seen.containers[name]
    if (container === undefined) return
    this.setContainer(name, {
      ...container,
      ...{ image, stopSignal },
      ...(user !== undefined && { user }),
      ...(amounts !== undefined && { amounts }),
    })
  }

  /** Notes how far a stop has come; a container that has ended meanwhile is left as it is. */
  setStopping(name: string, stopping: ObservedStopping): void {
    const state = this.#seen.containers[name]?.state
    if (state?.is === 'running') this.setState(name, { ...state, stopping })
  }
}
