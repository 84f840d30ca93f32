import { cgroupLayout } from '../../../machine/linux/cgroup-layout.ts'
import { type CgroupUsage, readCgroupUsage } from '../../../machine/linux/cgroup-usage.ts'
import { readMachineUsage } from '../../../machine/linux/machine-usage.ts'
import { type Clock, sleepUntil } from '../clock.ts'
import type { PodWorld } from '../pod-world.ts'
import { podCgroupPath } from '../sandbox-plan.ts'
import {
  LONGEST_WINDOW_MS,
  SHORTEST_WINDOW_MS,
  type UsageHistory,
  type UsageRate,
  usageRate,
  withSample,
} from './usage-history.ts'

/** Where what is used is read. Absent numbers: it is gone. */
export interface UsageSource {
  cgroup(path: string): CgroupUsage | undefined
  machine(): CgroupUsage
}

export interface UsageMeterParts {
  readonly clock: Clock
  /** The world of a pod by its UID, while it has one. */
  readonly world: (uid: string) => Pick<PodWorld, 'observations'> | undefined
  readonly source: UsageSource
}

/** What the containers of a pod use that run. */
interface PodUsage {
  /** Of the one that was watched for the shortest time. */
  readonly atMs: number
  readonly windowMs: number
  readonly containers: readonly (UsageRate & { readonly name: string })[]
}

interface Running {
  readonly name: string
  readonly path: string
  readonly startedAtMs: number
}

/** Others who wait for an answer are let in between: reading what so many groups use takes about a millisecond. */
const GROUPS_AT_ONCE = 25
/** A timer may come a moment early. */
const FIRST_WINDOW_MS = SHORTEST_WINDOW_MS + 10
const MACHINE = '/'

/**
 * Measures what is asked for when it is asked for, and nothing else: whoever asks again and again is told of the last ten
 * seconds, who asks for the first time waits for a second, during which it is watched.
 */
export class UsageMeter {
  readonly #parts: UsageMeterParts
  /** By the path of the cgroup. */
  #histories = new Map<string, UsageHistory>()

  constructor(parts: UsageMeterParts) {
    this.#parts = parts
  }

  /** By pod UID; pods of which nothing runs are not in it. */
  async pods(uids: readonly string[]): Promise<ReadonlyMap<string, PodUsage>> {
    const running = new Map(uids.map((uid) => [uid, this.#running(uid)]))
    await this.#watch([...running.values()].flat())
    const usages = new Map<string, PodUsage>()
    for (const [uid, groups] of running) {
      const containers = groups.flatMap(({ name, path }) => {
        const rate = usageRate(this.#histories.get(path) ?? [])
        return rate === undefined ? [] : [{ name, ...rate }]
      })
      const [shortest] = containers.toSorted((one, other) => one.windowMs - other.windowMs)
      if (shortest !== undefined) usages.set(uid, { atMs: shortest.atMs, windowMs: shortest.windowMs, containers })
    }
    return usages
  }

  async machine(): Promise<UsageRate> {
    await this.#watch([{ path: MACHINE, startedAtMs: 0 }])
    const rate = usageRate(this.#histories.get(MACHINE) ?? [])
    // Only a clock that is set back again and again leaves none.
    return rate ?? this.machine()
  }

  /** Until there is a rate of each that is not gone. */
  async #watch(groups: readonly Omit<Running, 'name'>[]): Promise<void> {
    const { clock } = this.#parts
    this.#forgetOld(clock.nowMs())
    await this.#sample(groups)
    const isUnknown = ({ path }: { readonly path: string }): boolean => {
      const history = this.#histories.get(path)
      return history !== undefined && usageRate(history) === undefined
    }
    const unknown = groups.filter(isUnknown)
    if (unknown.length === 0) return
    await sleepUntil(clock, clock.nowMs() + FIRST_WINDOW_MS, new AbortController().signal)
    await this.#sample(unknown)
  }

  async #sample(groups: readonly Omit<Running, 'name'>[]): Promise<void> {
    for (const [at, { path, startedAtMs }] of groups.entries()) {
      if (at > 0 && at % GROUPS_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve))
      const nowMs = this.#parts.clock.nowMs()
      const history = this.#histories.get(path) ?? []
      const ageMs = nowMs - (history.at(-1)?.atMs ?? -Infinity)
      // Somebody has just asked.
      if (ageMs >= 0 && ageMs < SHORTEST_WINDOW_MS && usageRate(history) !== undefined) continue
      const usage = path === MACHINE ? this.#parts.source.machine() : this.#parts.source.cgroup(path)
      if (usage === undefined) {
        this.#histories.delete(path)
        continue
      }
      // When a container begins it has used nothing.
      const start = history.length > 0 ? history : [{ atMs: startedAtMs, cpuNanoseconds: 0, workingSetBytes: 0 }]
      this.#histories.set(path, withSample(start, { atMs: nowMs, ...usage }))
    }
  }

  #running(uid: string): readonly Running[] {
    const seen = this.#parts.world(uid)?.observations.seen
    return Object.entries(seen?.containers ?? {}).flatMap(([name, { state }]) => {
      if (state.is !== 'running') return []
      return [{ name, path: `${podCgroupPath(uid)}/${state.id}`, startedAtMs: state.startedAtMs }]
    })
  }

  /** Of what nobody has asked for lately no rate can be told from what was known. */
  #forgetOld(nowMs: number): void {
    for (const [path, history] of this.#histories) {
      const ageMs = nowMs - (history.at(-1)?.atMs ?? 0)
      if (ageMs > LONGEST_WINDOW_MS || ageMs < 0) this.#histories.delete(path)
    }
  }
}

/** This machine. */
export function machineUsage(): UsageSource {
  const layout = cgroupLayout()
  return { cgroup: (path) => readCgroupUsage(layout, path), machine: readMachineUsage }
}
