import assert from 'node:assert/strict'
import type { ExitedContainer, NotStarted, ObservedContainer, ObservedPod, ObservedSandbox } from './observed-pod.ts'
import type { PodAction } from './pod-action.ts'
import { resetContainer } from './reset-container.ts'
import { nextCounters } from './restart-delay.ts'

/** What one instance of a container does on a simulated machine. */
export interface InstanceScript {
  /** From the order to start until its process runs, or until it is known that none will. */
  readonly startMs: number
  readonly fails?: NotStarted['reason'] | 'StartError'
  /** Until it ends by itself; Infinity: never. */
  readonly runMs: number
  readonly exitCode: number
  /** Completed or Error, according to the exit code, when absent. */
  readonly reason?: string
  /** From its start until `started` and `ready`. */
  readonly startedAfterMs: number
  /** From the stop signal to its end; Infinity: it ignores the signal. */
  readonly termMs: number
  readonly termExitCode: number
}

export interface MachineScript {
  /** One after the other for each order to make a sandbox; the last one repeats. */
  readonly sandboxes: readonly { readonly ms: number; readonly fails: boolean }[]
  readonly removeMs: number
  readonly killMs: number
  /** By container name: one after the other for each order to start; the last one repeats. */
  readonly instances: Readonly<Record<string, readonly InstanceScript[]>>
}

interface Process {
  readonly id: string
  readonly script: InstanceScript
}

/**
 * A machine with one pod on it, with a clock of its own: carries out PodActions and shows what became of them. It
 * refuses what must never be asked: a step whose effect is under way, or one that cannot be.
 */
export class SimulatedMachine {
  nowMs: number
  isForgotten = false
  readonly #script: MachineScript
  readonly #acceptedAtMs: number
  #sandbox: ObservedSandbox = { is: 'absent' }
  #containers: Record<string, ObservedContainer> = {}
  #processes = new Map<string, Process>()
  #ordered = new Map<string, number>()
  #sandboxOrders = 0
  #ids = 0
  #events: { readonly atMs: number; readonly happen: () => void }[] = []

  constructor(script: MachineScript, nowMs: number) {
    this.#script = script
    this.#acceptedAtMs = nowMs
    this.nowMs = nowMs
  }

  observe(): ObservedPod {
    return { sandbox: this.#sandbox, containers: { ...this.#containers }, acceptedAtMs: this.#acceptedAtMs }
  }

  nextEventAtMs(): number {
    return Math.min(Infinity, ...this.#events.map(({ atMs }) => atMs))
  }

  /** Lets the clock run to an instant; what is due by then happens in order. */
  advanceTo(atMs: number): void {
    for (let next = this.nextEventAtMs(); next <= atMs; next = this.nextEventAtMs()) {
      const index = this.#events.findIndex((event) => event.atMs === next)
      const [event] = this.#events.splice(index, 1)
      this.nowMs = Math.max(this.nowMs, next)
      event?.happen()
    }
    this.nowMs = Math.max(this.nowMs, atMs)
  }

  perform(action: PodAction): void {
    assert.ok(!this.isForgotten, 'nothing is asked of a pod that was forgotten')
    switch (action.do) {
      case 'create-sandbox':
        this.#createSandbox(action.attempt)
        return
      case 'remove-sandbox':
        this.#removeSandbox()
        return
      case 'start':
        this.#start(action.container)
        return
      case 'prepare':
        this.#prepare(action.container)
        return
      case 'reset-containers':
        assert.ok(!this.#someoneIsUp(), 'containers begin anew when none of them runs')
        for (const [name, record] of Object.entries(this.#containers)) this.#containers[name] = resetContainer(record)
        return
      case 'run-post-start':
      case 'run-pre-stop':
        assert.fail('no container here has hooks')
        return
      case 'terminate':
        this.#terminate(action)
        return
      case 'kill':
        this.#kill(action.container)
        return
      case 'forget-pod':
        assert.equal(this.#sandbox.is, 'absent')
        assert.ok(!this.#someoneIsUp())
        this.isForgotten = true
        return
      case 'look-again':
        assert.ok(action.atMs > this.nowMs, 'to look again now would never end')
    }
  }

  /** What a killed agent did not finish is half done; what it kept in memory alone is gone. */
  restartAgent(startsSurvive: boolean): void {
    if (this.#sandbox.is === 'changing' || this.#sandbox.is === 'failed') this.#sandbox = { is: 'absent' }
    for (const [name, container] of Object.entries(this.#containers)) {
      const { is } = container.state
      if (is === 'not-started' || (is === 'starting' && !startsSurvive)) {
        this.#set(name, { state: { is: 'absent' } })
        this.#processes.delete(name)
      }
    }
  }

  /** All that is known of the containers is gone. */
  loseRecords(): void {
    if (!this.#someoneIsUp()) this.#containers = {}
  }

  /** The sandbox is gone; with a reboot every process too. */
  loseSandbox(isReboot: boolean): void {
    if (this.#sandbox.is !== 'ready') return
    this.#sandbox = { is: 'absent' }
    if (!isReboot) return
    for (const [name, { state }] of Object.entries(this.#containers)) {
      if (state.is === 'starting') this.#set(name, { state: { is: 'absent' } })
      if (state.is === 'running') this.#exit(name, 137, 'ContainerStatusUnknown')
      this.#processes.delete(name)
    }
  }

  #createSandbox(attempt: number): void {
    assert.ok(this.#sandbox.is === 'absent' || this.#sandbox.is === 'failed', 'a sandbox is made once')
    assert.ok(!this.#someoneIsUp(), 'a sandbox is made when nothing of an older one is left')
    for (const { sandboxAttempt } of Object.values(this.#containers)) assert.ok(attempt > sandboxAttempt)
    const attempts = this.#sandbox.is === 'failed' ? this.#sandbox.attempts + 1 : 1
    const script = this.#script.sandboxes[Math.min(this.#sandboxOrders++, this.#script.sandboxes.length - 1)]
    assert.ok(script !== undefined)
    const changing = (this.#sandbox = { is: 'changing' })
    this.#after(script.ms, () => {
      if (this.#sandbox !== changing) return
      this.#sandbox = script.fails
        ? { is: 'failed', message: 'no address is left', failedAtMs: this.nowMs, attempts }
        : { is: 'ready', attempt, podIPs: ['10.0.0.2'], hostIPs: ['192.0.2.1'], readyAtMs: this.nowMs }
    })
  }

  #removeSandbox(): void {
    assert.ok(this.#sandbox.is === 'ready' || this.#sandbox.is === 'failed', 'there is a sandbox to remove')
    assert.ok(!this.#someoneIsUp(), 'a sandbox is removed when nothing runs in it')
    const changing = (this.#sandbox = { is: 'changing' })
    this.#after(this.#script.removeMs, () => {
      if (this.#sandbox === changing) this.#sandbox = { is: 'absent' }
    })
  }

  #start(name: string): void {
    assert.ok(this.#sandbox.is === 'ready', `${name} starts in a sandbox`)
    assert.ok(!this.#isUp(name), `${name} starts once`)
    const { attempt } = this.#sandbox
    const record = this.#containers[name]
    const order = this.#ordered.get(name) ?? 0
    this.#ordered.set(name, order + 1)
    const scripts = this.#script.instances[name] ?? []
    const script = scripts[Math.min(order, scripts.length - 1)]
    assert.ok(script !== undefined, `${name} has a script`)
    const attempts = record?.state.is === 'not-started' ? record.state.attempts + 1 : 1
    const previous = record?.state.is === 'exited' ? record.state : record?.previous
    this.#containers[name] = {
      ...(record === undefined ? { restarts: 0, crashes: 0 } : nextCounters(record)),
      ...(previous !== undefined && { previous }),
      sandboxAttempt: attempt,
      state: { is: 'starting', sinceMs: this.nowMs },
    }
    const process = { id: `${name}-${String(this.#ids++)}`, script }
    this.#processes.set(name, process)
    this.#after(script.startMs, () => {
      if (this.#processes.get(name) === process) this.#finishStart(name, process, attempts)
    })
  }

  #finishStart(name: string, process: Process, attempts: number): void {
    const { id, script } = process
    if (script.fails === 'StartError') {
      this.#exit(name, 128, 'StartError', { id, startedAtMs: 0 })
      return
    }
    if (script.fails !== undefined) {
      const message = 'it was not to be'
      this.#set(name, {
        state: { is: 'not-started', reason: script.fails, message, failedAtMs: this.nowMs, attempts },
      })
      return
    }
    const started = script.startedAfterMs === 0
    this.#set(name, { state: { is: 'running', id, startedAtMs: this.nowMs, started, ready: started } })
    if (!started) this.#after(script.startedAfterMs, () => this.#passStartup(name, process))
    this.#exitAfter(script.runMs, name, {
      process,
      exitCode: script.exitCode,
      ...(script.reason !== undefined && { reason: script.reason }),
    })
  }

  #passStartup(name: string, process: Process): void {
    const state = this.#containers[name]?.state
    if (this.#processes.get(name) !== process || state?.is !== 'running') return
    this.#set(name, { state: { ...state, started: true, ready: true } })
  }

  #prepare(name: string): void {
    assert.ok(this.#sandbox.is === 'ready' && !this.#isUp(name))
    assert.ok(this.#containers[name]?.sandboxAttempt !== this.#sandbox.attempt || this.#isAbsent(name))
  }

  #terminate({ container, graceSeconds, because }: PodAction & { do: 'terminate' }): void {
    const state = this.#containers[container]?.state
    const process = this.#processes.get(container)
    assert.ok(state?.is === 'running' && process !== undefined, `${container} runs when it is asked to end`)
    assert.equal(state.stopping, undefined, `${container} is asked to end once`)
    assert.ok(graceSeconds >= 2)
    const stopping = { sinceMs: this.nowMs, graceSeconds, terminatedAtMs: this.nowMs, because }
    this.#set(container, { state: { ...state, stopping } })
    this.#exitAfter(process.script.termMs, container, { process, exitCode: process.script.termExitCode })
  }

  #kill(name: string): void {
    const state = this.#containers[name]?.state
    const process = this.#processes.get(name)
    assert.ok(state?.is === 'running' && process !== undefined, `${name} runs when it is killed`)
    assert.equal(state.stopping?.killedAtMs, undefined, `${name} is killed once`)
    const begun = state.stopping ?? { sinceMs: this.nowMs, graceSeconds: 0 }
    this.#set(name, { state: { ...state, stopping: { ...begun, killedAtMs: this.nowMs } } })
    this.#exitAfter(this.#script.killMs, name, { process, exitCode: 137 })
  }

  #exitAfter(ms: number, name: string, end: { process: Process; exitCode: number; reason?: string }): void {
    this.#after(ms, () => {
      if (this.#processes.get(name) !== end.process) return
      this.#exit(name, end.exitCode, end.reason ?? (end.exitCode === 0 ? 'Completed' : 'Error'))
      this.#processes.delete(name)
    })
  }

  #exit(name: string, exitCode: number, reason: string, instance?: Pick<ExitedContainer, 'id' | 'startedAtMs'>): void {
    const state = this.#containers[name]?.state
    const { id, startedAtMs } = instance ?? (state?.is === 'running' ? state : { id: name, startedAtMs: 0 })
    this.#set(name, { state: { is: 'exited', id, exitCode, reason, startedAtMs, finishedAtMs: this.nowMs } })
  }

  #set(name: string, change: Pick<ObservedContainer, 'state'>): void {
    const record = this.#containers[name]
    assert.ok(record !== undefined)
    this.#containers[name] = { ...record, ...change }
  }

  #after(ms: number, happen: () => void): void {
    if (ms !== Infinity) this.#events.push({ atMs: this.nowMs + ms, happen })
  }

  #isUp(name: string): boolean {
    const is = this.#containers[name]?.state.is
    return is === 'starting' || is === 'running'
  }

  #isAbsent(name: string): boolean {
    return this.#containers[name]?.state.is === 'absent'
  }

  #someoneIsUp(): boolean {
    return Object.keys(this.#containers).some((name) => this.#isUp(name))
  }
}
