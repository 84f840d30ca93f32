import { Failure, messageOf } from '../../../failure.ts'
import type { ObservedPod } from '../../../kube/lifecycle/observed-pod.ts'
import type { Pod, Volume } from '../../../kube/api/pod.ts'
import { makeEmptyDirectory } from '../../../machine/volume/make-empty-directory.ts'
import { writeVolumeFiles } from '../../../machine/volume/write-volume-files.ts'
import type { PodWorld } from '../pod-world.ts'
import { Wake } from '../wake.ts'
import { sourcesIn } from './pod-sources.ts'
import { VolumeTokens } from './volume-tokens.ts'
import { filesOfVolume, isDataVolume, isKeptInMemory } from './volume-files.ts'

/** The volumes of one pod that are made of ConfigMaps, Secrets, the pod itself and tokens (V2): made, and kept true. */
export class DataVolumes {
  readonly #world: PodWorld
  readonly #tokens: VolumeTokens
  readonly #wake: Wake
  /** What the pod and its objects were like when the files were last made; undefined: an earlier engine made them. */
  #madeOf: string | undefined
  #isStale = false
  /** Directories by volume name. */
  readonly #made = new Map<string, string>()
  #writing: Promise<unknown> = Promise.resolve()
  /** What was last told of a volume that could not be brought up to date. */
  readonly #complaints = new Map<string, string>()

  constructor(world: PodWorld) {
    this.#world = world
    this.#tokens = new VolumeTokens(world)
    this.#wake = new Wake(world.parts.clock)
  }

  /** Makes one, with what is to be in it now. @throws Failure FailedMount, in the kubelet's words */
  async make(volume: Volume, directory: string): Promise<string> {
    const { pod, observations } = this.#world
    this.#madeOf ??= inputs(pod, observations.seen)
    await this.#write(volume, directory)
    this.#made.set(volume.name, directory)
    // For its tokens' sake.
    this.#wake.notify()
    return directory
  }

  /** Called in every pass: what has changed since the files were made is carried over. */
  follow(pod: Pod, seen: ObservedPod): void {
    if (seen.sandbox.is !== 'ready' || !(pod.spec.volumes ?? []).some(isDataVolume)) return
    const now = inputs(pod, seen)
    if (this.#madeOf === now) return
    this.#madeOf = now
    this.#isStale = true
    this.#wake.notify()
  }

  /** Renews what changes and what ends, until the pod's files are being removed, or on abort. */
  async keep(signal: AbortSignal): Promise<void> {
    const { pod, parts, left, volumes } = this.#world
    const wanted = (pod.spec.volumes ?? []).filter(isDataVolume)
    if (wanted.length === 0) return
    for (const { name } of wanted) {
      const adopted = volumes.get(name)
      if (adopted !== undefined) this.#made.set(name, adopted)
    }
    const over = AbortSignal.any([signal, left])
    const isOver = (): boolean => over.aborted
    while (!isOver()) {
      await this.#wake.wait(this.#tokens.dueAtMs(this.#made.keys()), over)
      const isStale = this.#isStale
      this.#isStale = false
      for (const volume of wanted) {
        const directory = this.#made.get(volume.name)
        const isDue = isStale || this.#tokens.dueAtMs([volume.name]) <= parts.clock.nowMs()
        if (directory !== undefined && isDue && !isOver()) await this.#refresh(volume, directory)
      }
    }
  }

  /** Resolves when no file is being written: then they may be removed. */
  async settled(): Promise<void> {
    await this.#writing
  }

  /** A volume whose object is gone keeps its files, as long as there is nothing else to give. */
  async #refresh(volume: Volume, directory: string): Promise<void> {
    try {
      await this.#write(volume, directory)
      this.#complaints.delete(volume.name)
    } catch (error) {
      const complaint = messageOf(error)
      if (this.#complaints.get(volume.name) !== complaint) this.#world.event('Warning', 'FailedMount', complaint)
      this.#complaints.set(volume.name, complaint)
    }
  }

  #write(volume: Volume, directory: string): Promise<void> {
    const writing = this.#fill(volume, directory)
    this.#writing = Promise.allSettled([this.#writing, writing])
    return writing
  }

  async #fill(volume: Volume, directory: string): Promise<void> {
    const { parts, pod } = this.#world
    try {
      const tokens = await this.#tokens.of(volume)
      const sources = sourcesIn(parts.store, pod.metadata.namespace)
      const files = filesOfVolume(pod, volume, { sources, tokens, allocatable: parts.node.allocatable })
      await makeEmptyDirectory(directory, { medium: isKeptInMemory(volume) ? 'memory' : 'disk' })
      const gid = pod.spec.securityContext?.fsGroup
      await writeVolumeFiles(directory, files, { nowMs: parts.clock.nowMs(), ...(gid === undefined ? {} : { gid }) })
    } catch (error) {
      const what = `MountVolume.SetUp failed for volume "${volume.name}"`
      throw new Failure('FailedMount', `${what} : ${messageOf(error)}`, { cause: error })
    }
  }
}

function inputs({ metadata }: Pod, { sourceChanges }: ObservedPod): string {
  return JSON.stringify([sourceChanges, metadata.labels, metadata.annotations])
}
