import { messageOf } from '../../failure.ts'
import type { Pod } from '../../kube/api/pod.ts'
import { qosClass } from '../../kube/api/qos-class.ts'
import { podAsAllocated, wantedAllocation } from '../../kube/lifecycle/allocation.ts'
import type { ToldOfPod } from '../../kube/lifecycle/compute-pod-events.ts'
import type { PodCourse } from '../../kube/lifecycle/pod-course.ts'
import type { ObservedPod } from '../../kube/lifecycle/observed-pod.ts'
import type { Sandbox } from '../../machine/sandbox/sandbox.ts'
import { recordEvent } from '../store/record-event.ts'
import { containerEnded } from './container-ended.ts'
import type { EngineParts } from './engine-parts.ts'
import type { ExitRecord } from './exited-state.ts'
import { PodObservations } from './pod-observations.ts'
import type { PodPaths } from './pod-paths.ts'
import { podPaths } from './pod-paths.ts'
import type { Instance } from './pod-record.ts'
import { writePodCopy, writePodRecord } from './pod-record.ts'
import { DataVolumes } from './sources/data-volumes.ts'
import { Wake } from './wake.ts'

/** A pod that an earlier engine on the same directory ran, as it was found on the machine. */
export interface AdoptedPod {
  readonly seen: ObservedPod
  readonly sandbox: Sandbox | undefined
  readonly volumes: ReadonlyMap<string, string>
  readonly instances: readonly Instance[]
}

/** One pod on this machine: what is wanted of it, what was seen of it, and the steps under way. */
export class PodWorld {
  readonly parts: EngineParts
  readonly paths: PodPaths
  readonly observations: PodObservations
  readonly wake: Wake
  readonly dataVolumes: DataVolumes
  sandbox: Sandbox | undefined
  /** Host directories of the pod's volumes by name, once they are there. */
  volumes: ReadonlyMap<string, string> = new Map()
  /** By runtime id: everything that was made and not removed. */
  readonly instances = new Map<string, Instance>()
  /** Runtime ids of those that are being removed because they have ended. */
  readonly dying = new Set<string>()
  /** Made ahead of their start, by runtime id. */
  readonly prepared = new Map<string, Promise<Instance>>()
  /** Containers that ended before their start was on the record, by runtime id. */
  readonly earlyExits = new Map<string, ExitRecord>()
  /** Set once the object has left the store: there is nobody left to tell. */
  forgotten = false
  #pod: Pod
  #forcedDeletion: { readonly deletionTimestamp: string; readonly deletionGracePeriodSeconds: number } | undefined
  #course: PodCourse | undefined
  readonly #deleted = new AbortController()
  readonly #left = new AbortController()
  readonly #steps = new Set<Promise<void>>()
  readonly #listeners = new Set<() => void>()
  /** What is on disk. */
  #remembered: { readonly wish: string; readonly seen: ObservedPod; readonly ids: string } | undefined

  constructor(pod: Pod, parts: EngineParts, adopted?: AdoptedPod) {
    this.#pod = pod
    this.parts = parts
    this.paths = podPaths(parts.instanceDirectory, pod.metadata.uid)
    this.wake = new Wake(parts.clock)
    this.dataVolumes = new DataVolumes(this)
    const seen: ObservedPod = adopted?.seen ?? {
      acceptedAtMs: parts.clock.nowMs(),
      sandbox: { is: 'absent' },
      containers: {},
    }
    const { backOff } = parts
    const begun: ObservedPod = {
      ...(qosClass(pod) !== 'BestEffort' && { allocated: wantedAllocation(pod) }),
      ...seen,
      ...(backOff !== undefined && { backOff }),
    }
    this.observations = new PodObservations(begun, () => {
      this.wake.notify()
      for (const listener of this.#listeners) listener()
    })
    this.sandbox = adopted?.sandbox
    this.volumes = adopted?.volumes ?? this.volumes
    for (const instance of adopted?.instances ?? []) this.instances.set(instance.id, instance)
    if (pod.metadata.deletionTimestamp !== undefined) this.#deleted.abort()
  }

  /**
   * Brings the record on disk up to what is known now, for the engine that comes after this one. Called before the store
   * is told, and before what the machine itself could not tell is begun.
   *
   * @throws when the disk takes it not.
   */
  remember(): void {
    const { outlived } = this.parts
    const { seen } = this.observations
    if (outlived === undefined || this.left.aborted) return
    const instances = [...this.instances.values()]
    const newest = { wish: wishIn(this.pod), seen, ids: instances.map(({ id }) => id).join() }
    const before = this.#remembered
    if (before?.wish !== newest.wish) writePodCopy(this.paths, this.pod)
    if (before?.seen !== newest.seen || before.ids !== newest.ids) {
      writePodRecord(this.paths, {
        seen,
        volumes: Object.fromEntries(this.volumes),
        instances,
        bootId: outlived.bootId,
      })
    }
    this.#remembered = newest
  }

  /** Notes what is told of the pod now. @returns what was told before. */
  told(now: ToldOfPod): ToldOfPod {
    const before = { status: this.pod.status, course: this.#course }
    this.#course = now.course
    return before
  }

  /** Calls back after each change of what was observed. Returns how to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Runs a step beside the loop; `closed` waits for it. What a step changes in the observations wakes the loop. A step
   * handles its own failures: what it throws is a bug, said once.
   */
  begin(step: Promise<void>): void {
    const guarded = step
      .catch((error: unknown) => this.parts.log(`pod ${this.name}: internal error: ${messageOf(error)}`))
      .finally(() => this.#steps.delete(guarded))
    this.#steps.add(guarded)
  }

  /** The newest the store has said; a deletion that was forced stays, whatever the store says. */
  get pod(): Pod {
    return this.#pod
  }

  set pod(pod: Pod) {
    const { metadata } = pod
    this.#pod =
      this.#forcedDeletion === undefined ? pod : { ...pod, metadata: { ...metadata, ...this.#forcedDeletion } }
  }

  /** The pod with the amounts that the node has promised it: what it is made of (Q6). */
  get promised(): Pod {
    return podAsAllocated(this.#pod, this.observations.seen.allocated)
  }

  /** Takes the pod down although the store does not ask for it: its object is gone, or its server ends. */
  forceDeletion(graceSeconds: number): void {
    const endsAtMs = this.parts.clock.nowMs() + graceSeconds * 1000
    this.#forcedDeletion = {
      deletionTimestamp: new Date(endsAtMs).toISOString(),
      deletionGracePeriodSeconds: graceSeconds,
    }
    this.pod = this.#pod
    this.#deleted.abort()
    this.wake.notify()
  }

  /** The store has a newer version of the pod. */
  changed(pod: Pod): void {
    // The store's own echo of a status that was written here, or an older version still on its way.
    const isNew = version(pod) > version(this.pod)
    if (!isNew && pod.metadata.deletionTimestamp === this.pod.metadata.deletionTimestamp) return
    this.pod = pod
    if (pod.metadata.deletionTimestamp !== undefined) this.#deleted.abort()
    this.wake.notify()
  }

  /** Aborts when the pod is to go: nobody waits for its images any more. */
  get deleted(): AbortSignal {
    return this.#deleted.signal
  }

  /** A container of this pod ended. */
  exited(record: ExitRecord): void {
    this.begin(containerEnded(this, record))
  }

  /** Aborts when the pod's files are being removed: its last step. */
  get left(): AbortSignal {
    return this.#left.signal
  }

  leave(): void {
    this.#left.abort()
  }

  /** Resolves when no step is under way. */
  async closed(): Promise<void> {
    while (this.#steps.size > 0) await Promise.all(this.#steps)
  }

  get name(): string {
    return `${this.pod.metadata.namespace}/${this.pod.metadata.name}`
  }

  /** @param container names the container that the event is about; absent = the pod itself. */
  event(type: 'Normal' | 'Warning', reason: string, message: string, container?: string): void {
    if (this.forgotten) return
    const { namespace, name, uid, resourceVersion } = this.pod.metadata
    recordEvent(this.parts.store, {
      involvedObject: {
        apiVersion: 'v1',
        kind: 'Pod',
        namespace,
        name,
        uid,
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
        ...(container === undefined ? {} : { fieldPath: `spec.${listOf(this.pod, container)}{${container}}` }),
      },
      type,
      reason,
      message,
      nowMs: this.parts.clock.nowMs(),
      source: { component: 'kubelet', host: this.parts.nodeName },
    })
  }
}

/** Where in the spec of a pod a container stands. */
function listOf({ spec }: Pod, container: string): 'containers' | 'initContainers' | 'ephemeralContainers' {
  const isIn = (list: readonly { readonly name: string }[] = []): boolean => list.some(({ name }) => name === container)
  if (isIn(spec.initContainers)) return 'initContainers'
  return isIn(spec.ephemeralContainers) ? 'ephemeralContainers' : 'containers'
}

/** The same for two versions of a pod that differ in their status alone. */
function wishIn({ metadata }: Pod): string {
  const { generation, deletionTimestamp, deletionGracePeriodSeconds, labels, annotations } = metadata
  return JSON.stringify([generation, deletionTimestamp, deletionGracePeriodSeconds, labels, annotations])
}

function version(pod: Pod): number {
  return Number(pod.metadata.resourceVersion ?? 0)
}
