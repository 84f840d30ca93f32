import assert from 'node:assert/strict'
import type { ObservedSandbox } from './observed-pod.ts'

export interface SandboxScript {
  /** One after the other for each order to make a sandbox; the last one repeats. */
  readonly sandboxes: readonly { readonly ms: number; readonly fails: boolean }[]
  readonly removeMs: number
}

/** The sandbox of one simulated pod. It refuses to be made twice, or removed when it is not there. */
export class SimulatedSandbox {
  readonly #script: SandboxScript
  readonly #after: (ms: number, happen: (nowMs: number) => void) => void
  #seen: ObservedSandbox = { is: 'absent' }
  #orders = 0

  /** @param after calls back when so much of the machine's time has passed. */
  constructor(script: SandboxScript, after: (ms: number, happen: (nowMs: number) => void) => void) {
    this.#script = script
    this.#after = after
  }

  get seen(): ObservedSandbox {
    return this.#seen
  }

  create(attempt: number): void {
    const before = this.#seen
    assert.ok(before.is === 'absent' || before.is === 'failed', 'a sandbox is made once')
    const attempts = before.is === 'failed' ? before.attempts + 1 : 1
    const script = this.#script.sandboxes[Math.min(this.#orders++, this.#script.sandboxes.length - 1)]
    assert.ok(script !== undefined)
    this.#change(script.ms, (nowMs) =>
      script.fails
        ? { is: 'failed', message: 'no address is left', failedAtMs: nowMs, attempts }
        : { is: 'ready', attempt, podIPs: ['10.0.0.2'], hostIPs: ['192.0.2.1'], readyAtMs: nowMs },
    )
  }

  remove(): void {
    assert.ok(this.#seen.is === 'ready' || this.#seen.is === 'failed', 'there is a sandbox to remove')
    this.#change(this.#script.removeMs, () => ({ is: 'absent' }))
  }

  /** What a killed agent did not finish is half done. */
  restartAgent(): void {
    if (this.#seen.is !== 'ready') this.#seen = { is: 'absent' }
  }

  /** @returns whether there was one. */
  lose(): boolean {
    const wasReady = this.#seen.is === 'ready'
    if (wasReady) this.#seen = { is: 'absent' }
    return wasReady
  }

  #change(ms: number, outcome: (nowMs: number) => ObservedSandbox): void {
    const changing: ObservedSandbox = { is: 'changing' }
    this.#seen = changing
    this.#after(ms, (nowMs) => {
      if (this.#seen === changing) this.#seen = outcome(nowMs)
    })
  }
}
