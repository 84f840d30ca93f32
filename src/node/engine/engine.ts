import { Failure, messageOf } from '../../failure.ts'
import type { Pod } from '../../kube/api/pod.ts'
import type { NodeClaim } from '../../kube/lifecycle/node-fit.ts'
import { claimOf, holdsNode } from '../../kube/lifecycle/node-fit.ts'
import { whyRejected } from '../../kube/lifecycle/why-rejected.ts'
import { isOnlyHeld } from '../store/held-object.ts'
import { PODS } from '../store/resources.ts'
import { adoptPods } from './adopt-pods.ts'
import type { EngineParts } from './engine-parts.ts'
import type { ExitRecord } from './exited-state.ts'
import { type LogHold, LogRotation } from './logs/log-rotation.ts'
import { type AdoptedPod, PodWorld } from './pod-world.ts'
import { ProbeSchedule } from './probes/probe-schedule.ts'
import { restorePods } from './restore-pods.ts'
import { SourceWatch } from './sources/source-watch.ts'
import { runPod, type SharedSchedules } from './run-pod.ts'

/** Seconds a force-deleted pod's containers still get (H9). */
const FORCED_GRACE_SECONDS = 2

/**
 * Runs every pod of the store on this machine until the signal aborts; then stops looking, and leaves the containers as
 * they are.
 */
export class Engine {
  readonly #parts: EngineParts
  readonly #schedules: SharedSchedules
  /** By pod UID. */
  readonly #worlds = new Map<string, PodWorld>()
  readonly #loops = new Set<Promise<void>>()
  readonly #adopted = Promise.withResolvers<ReadonlyMap<string, AdoptedPod>>()

  constructor(parts: EngineParts) {
    this.#parts = parts
    const { clock, logLimits } = parts
    const logs = logLimits === undefined ? undefined : new LogRotation({ ...parts, limits: logLimits })
    this.#schedules = {
      sources: new SourceWatch(parts),
      probes: new ProbeSchedule(clock),
      logs,
      claimsBeside: (world) => this.#claimsBeside(world),
    }
  }

  /** Settles when what earlier engines left on the machine is known: from then on this one tells the truth about pods. */
  async adopted(): Promise<void> {
    await this.#adopted.promise
  }

  async run(signal: AbortSignal): Promise<void> {
    const early: ExitRecord[] = []
    let hear = (record: ExitRecord): void => void early.push(record)
    // The ear comes before the look at the machine: what ends in between is heard of twice rather than never.
    const stopListening = this.#parts.runtime.onExit((record) => hear(record))
    try {
      const adopted = await this.#adopt()
      for (const pod of this.#parts.store.list(PODS).items) this.#accept(pod, signal, adopted.get(pod.metadata.uid))
      hear = (record) => this.#exited(record)
      early.forEach(hear)
      while (!signal.aborted) await this.#follow(signal)
    } finally {
      stopListening()
      await Promise.all(this.#loops)
      this.#schedules.logs?.stop()
    }
  }

  async #adopt(): Promise<ReadonlyMap<string, AdoptedPod>> {
    const { outlived } = this.#parts
    if (outlived !== undefined) {
      try {
        await restorePods(this.#parts)
        this.#adopted.resolve(await adoptPods(this.#parts, outlived))
      } catch (error) {
        this.#adopted.reject(error)
      }
    } else this.#adopted.resolve(new Map())
    return this.#adopted.promise
  }

  #exited(record: ExitRecord): void {
    for (const world of this.#worlds.values()) if (world.instances.has(record.id)) world.exited(record)
  }

  /** Takes every pod off the machine, whatever the store says. Resolves when nothing is left of them. */
  async takeDown(): Promise<void> {
    for (const world of this.#worlds.values()) this.#orphan(world)
    await Promise.all(this.#loops)
  }

  /** Keeps what somebody who follows a log has yet to read from being removed, until it is disposed of. */
  holdLog(logFile: string): LogHold | undefined {
    return this.#schedules.logs?.hold(logFile)
  }

  /** The pod's world on this machine, while it has one. */
  world(uid: string): PodWorld | undefined {
    return this.#worlds.get(uid)
  }

  /** Of every pod that has something on this machine. */
  worlds(): Iterable<PodWorld> {
    return this.#worlds.values()
  }

  /** Lists and watches until the watch ends: on abort, or when it fell behind what the store keeps. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { items, resourceVersion } = this.#parts.store.list(PODS)
    const present = new Set(items.map((pod) => pod.metadata.uid))
    for (const pod of items) this.#accept(pod, signal)
    for (const [uid, world] of this.#worlds) if (!present.has(uid)) this.#orphan(world)
    try {
      for await (const event of this.#parts.store.watch({
        resource: PODS,
        fromResourceVersion: resourceVersion,
        signal,
      })) {
        if (event.type === 'BOOKMARK') continue
        if (event.type === 'DELETED') {
          const world = this.#worlds.get(event.object.metadata.uid)
          if (world !== undefined) this.#orphan(world)
        } else this.#accept(event.object, signal)
        this.#wakeDeferred()
      }
    } catch (error) {
      if (!(error instanceof Failure && error.reason === 'Expired')) throw error
    }
  }

  #accept(pod: Pod, signal: AbortSignal, adopted?: AdoptedPod): void {
    const { uid } = pod.metadata
    const known = this.#worlds.get(uid)
    if (known !== undefined) {
      known.changed(pod)
      return
    }
    // A pod without a node waits for one; that of another node is not this engine's. The machine may have had another name.
    if (adopted === undefined && pod.spec.nodeName !== this.#parts.nodeName) return
    // Its containers are gone: somebody's finalizer is all that keeps it in the store.
    if (adopted === undefined && isOnlyHeld(pod)) return
    const world = new PodWorld(pod, this.#parts, adopted)
    if (adopted === undefined && holdsNode(pod)) this.#admit(world)
    this.#worlds.set(uid, world)
    const loop = runPod(world, this.#schedules, signal)
      .catch((error: unknown) => this.#parts.log(`pod ${world.name}: its loop ended: ${messageOf(error)}`))
      .finally(() => {
        this.#worlds.delete(uid)
        this.#parts.metrics?.podGone(uid)
        this.#loops.delete(loop)
      })
    this.#loops.add(loop)
  }

  /** What the machine has promised to others. Pods that were forced out of the store are promised nothing. */
  #claimsBeside(world: PodWorld): NodeClaim[] {
    const { store } = this.#parts
    return [...this.#worlds.values()]
      .filter((other) => other !== world)
      .map(({ promised }) => promised)
      .filter((pod) => holdsNode(pod) && store.get(PODS, pod.metadata)?.metadata.uid === pod.metadata.uid)
      .map(claimOf)
  }

  /** What others have may be what a resize waited for. */
  #wakeDeferred(): void {
    for (const { observations, wake } of this.#worlds.values()) {
      if (observations.seen.resizePending?.reason === 'Deferred') wake.notify()
    }
  }

  /** What the machine has promised to others cannot be promised twice. */
  #admit(world: PodWorld): void {
    const { node } = this.#parts
    const rejection = whyRejected(world.pod, node, this.#claimsBeside(world))
    if (rejection === undefined) return
    world.observations.reject(rejection)
    world.event('Warning', rejection.reason, rejection.message)
  }

  /** The object is gone from the store but the pod may still be on the machine: take it down as a deleted one. */
  #orphan(world: PodWorld): void {
    if (world.forgotten) return
    // Its programs were asked to stop before: whoever forces a deletion that is under way wants them killed.
    const graceSeconds = world.pod.metadata.deletionTimestamp === undefined ? FORCED_GRACE_SECONDS : 0
    world.forceDeletion(graceSeconds)
  }
}
