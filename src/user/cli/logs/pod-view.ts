import type { Pod } from '../../../kube/api/pod.ts'
import type { ApiClient } from '../../client/open-client.ts'
import { PODS } from '../../client/resource-type.ts'

/** What is known of a pod that is watched. */
export interface SeenPod {
  readonly pod: Pod
  /** Deleted, or another one has its name now. */
  readonly isGone: boolean
}

/** A pod as it changes, for several who wait for something of it. */
export class PodView {
  #seen: SeenPod
  #failure: { readonly error: unknown } | undefined
  #isOver = false
  readonly #waiting = new Set<() => void>()

  constructor(pod: Pod) {
    this.#seen = { pod, isGone: false }
  }

  get seen(): SeenPod {
    return this.#seen
  }

  /** Follows the pod until it is gone, or the signal. What fails, they get who wait. */
  async follow(client: ApiClient, signal: AbortSignal): Promise<void> {
    const { namespace, name, uid } = this.#seen.pod.metadata
    try {
      for await (const change of client.watch(PODS, { namespace, fieldSelector: `metadata.name=${name}`, signal })) {
        const isSame = change.object.metadata.uid === uid
        const isGone = !isSame || change.type === 'DELETED'
        this.#seen = { pod: isSame ? change.object : this.#seen.pod, isGone }
        this.#wake()
        if (isGone) return
      }
    } catch (error) {
      this.#failure = { error }
    } finally {
      this.#isOver = true
      this.#wake()
    }
  }

  /** Waits until `find` answers something; undefined when the pod is not followed any more. */
  async until<T>(find: (seen: SeenPod) => T | undefined): Promise<T | undefined> {
    for (;;) {
      const found = find(this.#seen)
      if (found !== undefined) return found
      if (this.#failure !== undefined) throw this.#failure.error
      if (this.#isOver) return undefined
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  #wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }
}
