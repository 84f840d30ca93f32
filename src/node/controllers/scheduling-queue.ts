import { Failure } from '../../failure.ts'
import type { Pod } from '../../kube/api/pod.ts'
import { assignedPod, withScheduled } from '../../kube/api/scheduled-pod.ts'
import type { NodeClaim } from '../../kube/lifecycle/node-fit.ts'
import { claimOf, holdsNode } from '../../kube/lifecycle/node-fit.ts'
import { offerOf } from '../../kube/lifecycle/node-offer.ts'
import { resizedClaim } from '../../kube/lifecycle/resized-claim.ts'
import { whyUnschedulable } from '../../kube/lifecycle/why-unschedulable.ts'
import { recordEvent } from '../store/record-event.ts'
import { NODES, PODS } from '../store/resources.ts'
import type { SchedulingParts } from './schedule-pods.ts'

/** Kubernetes' own scheduler: what `spec.schedulerName` says unless the manifest does. */
const OWN_NAME = 'default-scheduler'

/** The pods that have the node, and those that wait for it. */
export class SchedulingQueue {
  readonly #parts: SchedulingParts
  /** By pod UID. */
  readonly #claims = new Map<string, NodeClaim>()
  readonly #elsewhere = new Set<string>()
  readonly #waiting = new Map<string, { readonly pod: Pod; readonly isTried: boolean }>()

  constructor(parts: SchedulingParts) {
    this.#parts = parts
  }

  /** Takes note of a pod as it is now. @returns whether it gave something back to the node. */
  see(pod: Pod): boolean {
    const { uid, generation, deletionTimestamp } = pod.metadata
    if (holdsNode(pod)) {
      this.#waiting.delete(uid)
      if (pod.spec.nodeName !== this.#parts.node.name) this.#tellOfOtherNode(pod)
      if (pod.spec.nodeName !== this.#parts.node.name) return false
      // Only one that was changed since it was made may have been resized.
      const mayBeResized = (generation ?? 1) > 1
      const isKnown = this.#claims.has(uid)
      if (mayBeResized || !isKnown) this.#claims.set(uid, mayBeResized ? resizedClaim(pod) : claimOf(pod))
      return mayBeResized && isKnown
    }
    const known = this.#waiting.get(uid)
    const isWaiting = isOurs(pod) && (pod.spec.nodeName ?? '') === '' && deletionTimestamp === undefined
    if (!isWaiting) return this.forget(pod)
    // What was written of it here is no reason to try again.
    const isTried = known?.isTried === true && known.pod.metadata.generation === generation
    this.#waiting.set(uid, { pod, isTried })
    return false
  }

  /** @returns whether it gave something back to the node. */
  forget({ metadata }: Pod): boolean {
    this.#waiting.delete(metadata.uid)
    this.#elsewhere.delete(metadata.uid)
    return this.#claims.delete(metadata.uid)
  }

  /** What a pod that was just seen asks for, beside what is asked for all. */
  async tend({ metadata }: Pod): Promise<void> {
    const { uid, namespace, name, deletionTimestamp } = metadata
    const waiting = this.#waiting.get(uid)
    if (waiting?.isTried === false) await this.#try(waiting.pod)
    // No node will end it: Kubernetes collects such pods, too.
    if (deletionTimestamp === undefined || !this.#elsewhere.has(uid)) return
    await this.#parts.store.modify(PODS, { namespace, name }, (now) => (now.metadata.uid === uid ? undefined : now))
  }

  /** All that wait: by priority, then by age. */
  async retry(): Promise<void> {
    const waiting = [...this.#waiting.values()].map(({ pod }) => pod)
    for (const pod of waiting.sort(bySchedulingOrder)) await this.#try(pod)
  }

  async #try(pod: Pod): Promise<void> {
    const { node, store } = this.#parts
    const { uid, namespace, name } = pod.metadata
    const offer = offerOf(store.get(NODES, { name: node.name }))
    const complaint = whyUnschedulable(pod, { ...node, offer }, this.#claims.values())
    if (complaint === undefined) {
      this.#waiting.delete(uid)
      // Before the store says so: the next pod finds this one's share taken.
      this.#claims.set(uid, claimOf(pod))
      if (await this.#bind(pod)) {
        this.#tell(pod, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${node.name}`)
      } else this.#claims.delete(uid)
      return
    }
    this.#waiting.set(uid, { pod, isTried: true })
    const verdict = { status: 'False', reason: 'Unschedulable', message: complaint }
    if (await this.#write(pod, (now) => withScheduled(now, verdict, this.#parts.nowMs()))) {
      this.#tell(pod, 'Warning', 'FailedScheduling', complaint)
    }
  }

  #bind(pod: Pod): Promise<boolean> {
    return this.#write(pod, (now) => assignedPod(now, this.#parts.node.name, this.#parts.nowMs()))
  }

  /** @returns false when the pod is gone, or somebody else gave it a node: both are seen in the watch. */
  async #write(pod: Pod, change: (now: Pod) => Pod): Promise<boolean> {
    const { uid, namespace, name } = pod.metadata
    let isWritten = false
    try {
      await this.#parts.store.modify(PODS, { namespace, name }, (now) => {
        isWritten = now.metadata.uid === uid && (now.spec.nodeName ?? '') === ''
        return isWritten ? change(now) : now
      })
    } catch (error) {
      if (error instanceof Failure && error.reason === 'NotFound') return false
      throw error
    }
    return isWritten
  }

  /** Kubernetes would wait for a node of that name without a word. What an earlier name of this machine ran goes on. */
  #tellOfOtherNode(pod: Pod): void {
    const { uid } = pod.metadata
    if (this.#elsewhere.has(uid) || pod.status?.startTime !== undefined) return
    this.#elsewhere.add(uid)
    const { nodeName = '' } = pod.spec
    const message = `the manifest gives the pod to node "${nodeName}", and this machine is "${this.#parts.node.name}"; remove nodeName`
    this.#tell(pod, 'Warning', 'FailedScheduling', message)
  }

  #tell({ metadata }: Pod, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const { namespace, name, uid } = metadata
    recordEvent(this.#parts.store, {
      involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid },
      type,
      reason,
      message,
      nowMs: this.#parts.nowMs(),
      source: { component: OWN_NAME },
    })
  }
}

/** A pod of another scheduler waits until that one binds it. */
function isOurs({ spec: { schedulerName = '' } }: Pod): boolean {
  return schedulerName === '' || schedulerName === OWN_NAME
}

function bySchedulingOrder(one: Pod, other: Pod): number {
  const priority = (other.spec.priority ?? 0) - (one.spec.priority ?? 0)
  if (priority !== 0) return priority
  return (one.metadata.creationTimestamp ?? '') < (other.metadata.creationTimestamp ?? '') ? -1 : 1
}
