import type { ProbeVerdict } from '../../../kube/lifecycle/observed-pod.ts'
import {
  nextProbeAtMs,
  type ProbeOutcome,
  type ProbeState,
  recordProbeOutcome,
  resumedProbe,
} from '../../../kube/lifecycle/probe-verdict.ts'
import type { DueProbe } from '../../../kube/lifecycle/probes-due.ts'
import type { Clock } from '../clock.ts'
import { DueQueue } from './due-queue.ts'

/** Whose probes these are: runs them, and takes their verdicts. */
export interface ProbeOwner {
  /** Never rejects. Once the signal aborts nobody waits for the outcome. */
  run(due: DueProbe, signal: AbortSignal): Promise<ProbeOutcome>
  judged(due: DueProbe, verdict: ProbeVerdict): void
}

/** A probe that an earlier engine has asked before: what it had found. */
export type Resumed = (due: DueProbe) => { readonly verdict: ProbeVerdict | undefined } | undefined

interface Entry {
  readonly owner: ProbeOwner
  readonly gone: AbortController
  due: DueProbe
  state: ProbeState
  isRunning: boolean
}

/** One timer for all probes of all pods. A probe never runs twice at the same time; the runs that it misses are made up for by one. */
export class ProbeSchedule {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #entries = new Map<ProbeOwner, Map<string, Entry>>()
  #queue = new DueQueue<Entry>()
  #timer: { readonly atMs: number; readonly forget: () => void } | undefined
  #lastNowMs = -Infinity

  /** @param random from 0 to 1: when resumed probes run first (P13). */
  constructor(clock: Clock, random: () => number = Math.random) {
    this.#clock = clock
    this.#random = random
  }

  /** From now on these are the probes of this owner, and no others: what is new begins, what is gone is broken off. */
  follow(owner: ProbeOwner, probes: readonly DueProbe[], resumed: Resumed = () => undefined): void {
    const known = this.#entries.get(owner)
    if (known === undefined && probes.length === 0) return
    const followed = new Map<string, Entry>()
    for (const due of probes) {
      const key = `${due.kind} ${due.instance}`
      const entry = known?.get(key)
      if (entry !== undefined) entry.due = due
      followed.set(key, entry ?? this.#begin(owner, due, resumed))
      known?.delete(key)
    }
    for (const entry of known?.values() ?? []) entry.gone.abort()
    if (followed.size === 0) this.#entries.delete(owner)
    else this.#entries.set(owner, followed)
    // A timer keeps the process alive, and the next run of a probe may be an hour away.
    if (this.#entries.size === 0) this.#queue = new DueQueue()
    this.#arm()
  }

  #begin(owner: ProbeOwner, due: DueProbe, resumed: Resumed): Entry {
    const before = resumed(due)
    const state: ProbeState =
      before === undefined
        ? { result: 'unknown' }
        : resumedProbe(due.probe, before.verdict, { nowMs: this.#clock.nowMs(), fraction: this.#random() })
    const entry: Entry = { owner, due, state, gone: new AbortController(), isRunning: false }
    this.#enqueue(entry)
    return entry
  }

  #enqueue(entry: Entry): void {
    const { due, state } = entry
    this.#queue.add(nextProbeAtMs(due.probe, state, { sinceMs: due.sinceMs, nowMs: this.#clock.nowMs() }), entry)
  }

  #arm(): void {
    const atMs = this.#queue.nextAtMs
    if (this.#timer?.atMs === atMs) return
    this.#timer?.forget()
    this.#timer = atMs === Infinity ? undefined : { atMs, forget: this.#clock.callAt(atMs, () => this.#runDue()) }
  }

  #runDue(): void {
    this.#timer = undefined
    const nowMs = this.#clock.nowMs()
    if (nowMs < this.#lastNowMs) this.#startOver(nowMs)
    this.#lastNowMs = nowMs
    for (let entry = this.#queue.takeDue(nowMs); entry !== undefined; entry = this.#queue.takeDue(nowMs)) {
      if (!entry.gone.signal.aborted) void this.#run(entry, nowMs)
    }
    this.#arm()
  }

  async #run(entry: Entry, nowMs: number): Promise<void> {
    const { due, owner, gone } = entry
    const dueAtMs = nextProbeAtMs(due.probe, entry.state, { sinceMs: due.sinceMs, nowMs })
    entry.state = { ...entry.state, lastDueAtMs: Math.min(dueAtMs, nowMs) }
    entry.isRunning = true
    const outcome = await owner.run(due, gone.signal)
    entry.isRunning = false
    if (gone.signal.aborted) return
    const before = entry.state.result
    entry.state = recordProbeOutcome(entry.state, outcome, due.probe)
    const { result } = entry.state
    if (result !== before && result !== 'unknown') owner.judged(due, { result, sinceMs: this.#clock.nowMs() })
    this.#enqueue(entry)
    this.#arm()
  }

  /** The clock was set back: nothing was due in the future, and nobody waits until it has caught up. */
  #startOver(nowMs: number): void {
    this.#queue = new DueQueue()
    for (const entry of [...this.#entries.values()].flatMap((entries) => [...entries.values()])) {
      const { due, state } = entry
      entry.due = { ...due, sinceMs: Math.min(due.sinceMs, nowMs) }
      if (state.lastDueAtMs !== undefined) {
        entry.state = { ...state, lastDueAtMs: Math.min(state.lastDueAtMs, nowMs) }
      }
      if (!entry.isRunning) this.#enqueue(entry)
    }
  }
}
