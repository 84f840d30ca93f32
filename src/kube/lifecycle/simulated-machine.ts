import assert from 'node:assert/strict'
import { allContainers, type Container, type Pod } from '../api/pod.ts'
import type { ExitedContainer, ObservedContainer, ObservedPod, RunningContainer } from './observed-pod.ts'
import type { PodAction } from './pod-action.ts'
import { probesDue } from './probes-due.ts'
import { resetContainers } from './reset-container.ts'
import { nextAttempt, nextCounters } from './restart-delay.ts'
import { containerNamed } from './restart-rules.ts'
import { afterAgentRestart, legacyOf, runningContainer, withPostStart, withVerdict } from './running-container.ts'
import type { InstanceScript, MachineScript } from './machine-script.ts'
import { SimulatedProber } from './simulated-prober.ts'
import type { ProbeRun } from './simulated-prober.ts'
import { SimulatedSandbox } from './simulated-sandbox.ts'

/** How long a probe takes. */
const PROBE_MS = 5

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
  readonly #pod: () => Pod
  readonly #acceptedAtMs: number
  readonly #sandbox: SimulatedSandbox
  readonly #prober: SimulatedProber
  #adoptedAtMs: number | undefined
  #containers: Record<string, ObservedContainer> = {}
  #processes = new Map<string, Process>()
  #ordered = new Map<string, number>()
  #ids = 0
  /** Goes up with every restart of the agent: what an older one waited for, nobody hears of. */
  #agents = 0
  #events: { readonly atMs: number; readonly happen: () => void }[] = []

  /** @param pod the pod as it is wanted at the moment. */
  constructor(script: MachineScript, pod: () => Pod, nowMs: number) {
    this.#script = script
    this.#pod = pod
    this.#acceptedAtMs = nowMs
    this.nowMs = nowMs
    this.#sandbox = new SimulatedSandbox(script, (ms, happen) => this.#after(ms, () => happen(this.nowMs)))
    this.#prober = new SimulatedProber(
      ({ container, kind }) => this.#processes.get(container)?.script.probes?.[kind] ?? [],
    )
  }

  observe(): ObservedPod {
    return {
      sandbox: this.#sandbox.seen,
      containers: { ...this.#containers },
      acceptedAtMs: this.#acceptedAtMs,
      ...(this.#adoptedAtMs !== undefined && { adoptedAtMs: this.#adoptedAtMs }),
    }
  }

  nextEventAtMs(): number {
    return Math.min(this.#nextProbe()?.atMs ?? Infinity, ...this.#events.map(({ atMs }) => atMs))
  }

  /** Lets the clock run to an instant; what is due by then happens in order. */
  advanceTo(atMs: number): void {
    for (;;) {
      const probe = this.#nextProbe()
      const next = Math.min(Infinity, ...this.#events.map((event) => event.atMs))
      if (Math.min(next, probe?.atMs ?? Infinity) > atMs) break
      if (probe !== undefined && probe.atMs < next) this.#runProbe(probe)
      else this.#happen(next)
    }
    this.nowMs = Math.max(this.nowMs, atMs)
  }

  perform(action: PodAction): void {
    assert.ok(!this.isForgotten && action.do !== 'resize', 'a forgotten pod is left alone, and nobody resizes one')
    switch (action.do) {
      case 'create-sandbox':
        assert.ok(!this.#someoneIsUp(), 'a sandbox is made when nothing of an older one is left')
        for (const { sandboxAttempt } of Object.values(this.#containers)) assert.ok(action.attempt > sandboxAttempt)
        this.#sandbox.create(action.attempt)
        return
      case 'remove-sandbox':
        assert.ok(!this.#someoneIsUp(), 'a sandbox is removed when nothing runs in it')
        this.#sandbox.remove()
        return
      case 'start':
        this.#start(action.container)
        return
      case 'prepare':
        this.#prepare(action.container)
        return
      case 'run-post-start':
        this.#runPostStart(action.container)
        return
      case 'run-pre-stop':
        this.#runPreStop(action)
        return
      case 'terminate':
        this.#terminate(action)
        return
      case 'kill':
        this.#kill(action.container)
        return
      case 'reset-containers':
        for (const { name } of allContainers(this.#pod())) assert.ok(!this.#isUp(name), 'who begins anew has ended')
        this.#containers = { ...resetContainers(this.#pod(), this.#containers) }
        return
      case 'forget-pod':
        assert.equal(this.#sandbox.seen.is, 'absent')
        assert.ok(!this.#someoneIsUp())
        this.isForgotten = true
        return
      case 'look-again':
        assert.ok(action.atMs > this.nowMs, 'to look again now would never end')
    }
  }

  /** What a killed agent did not finish is half done; what it kept in memory alone is gone. */
  restartAgent(startsSurvive: boolean): void {
    this.#agents++
    this.#adoptedAtMs = this.nowMs
    this.#sandbox.restartAgent()
    for (const [name, { state }] of Object.entries(this.#containers)) {
      if (state.is === 'running') this.#set(name, { state: afterAgentRestart(state) })
      if (state.is === 'not-started' || (state.is === 'starting' && !startsSurvive)) {
        this.#set(name, { state: { is: 'absent' } })
        this.#processes.delete(name)
      }
    }
    const due = probesDue(this.#pod(), this.observe(), this.nowMs)
    this.#prober.restart(due, ({ container, kind }) => this.#running(container)?.probes?.[kind], this.nowMs)
  }

  /** All that is known of the containers is gone. */
  loseRecords(): void {
    if (!this.#someoneIsUp()) this.#containers = {}
  }

  /** The sandbox is gone; with a reboot every process too. */
  loseSandbox(isReboot: boolean): void {
    if (!this.#sandbox.lose() || !isReboot) return
    for (const [name, { state }] of Object.entries(this.#containers)) {
      if (state.is === 'starting') this.#set(name, { state: { is: 'absent' } })
      if (state.is === 'running') this.#exit(name, { exitCode: 137, reason: 'ContainerStatusUnknown' })
      this.#processes.delete(name)
    }
  }

  #start(name: string): void {
    const sandbox = this.#sandbox.seen
    assert.ok(sandbox.is === 'ready', `${name} starts in a sandbox`)
    assert.ok(!this.#isUp(name), `${name} starts once`)
    const container = this.#container(name)
    const record = this.#containers[name]
    const order = this.#ordered.get(name) ?? 0
    this.#ordered.set(name, order + 1)
    const scripts = this.#script.instances[name] ?? []
    const script = scripts[Math.min(order, scripts.length - 1)]
    assert.ok(script !== undefined, `${name} has a script`)
    const attempts = nextAttempt(record, container)
    const previous = record?.state.is === 'exited' ? record.state : record?.previous
    this.#containers[name] = {
      ...(record === undefined ? { restarts: 0, crashes: 0 } : nextCounters(record, container)),
      ...(previous !== undefined && { previous }),
      sandboxAttempt: sandbox.attempt,
      specImage: container.image,
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
      this.#exit(name, { exitCode: 128, reason: 'StartError' }, { id, startedAtMs: 0 })
      return
    }
    if (script.fails !== undefined) {
      const message = 'it was not to be'
      this.#set(name, {
        state: { is: 'not-started', reason: script.fails, message, failedAtMs: this.nowMs, attempts },
      })
      return
    }
    this.#set(name, { state: runningContainer(this.#container(name), { id, startedAtMs: this.nowMs }) })
    const { exitCode, reason, message } = script
    this.#exitAfter(script.runMs, name, {
      process,
      ...{ exitCode, ...(reason !== undefined && { reason }), ...(message !== undefined && { message }) },
    })
  }

  #runPostStart(name: string): void {
    const state = this.#running(name)
    assert.equal(state?.postStart, 'due', `the postStart hook of ${name} is run once`)
    const { ms, fails } = this.#processes.get(name)?.script.postStart ?? { ms: 0, fails: false }
    this.#set(name, { state: withPostStart(this.#container(name), state, 'running') })
    this.#whenOver(ms, name, (running) =>
      withPostStart(this.#container(name), running, fails ? { failed: 'sorry' } : 'done'),
    )
  }

  #runPreStop({ container, graceSeconds, because }: PodAction & { do: 'run-pre-stop' }): void {
    const state = this.#running(container)
    assert.ok(state !== undefined, `${container} runs when its preStop hook begins`)
    assert.equal(state.stopping, undefined, `the preStop hook of ${container} is run once, before its signal`)
    assert.ok(graceSeconds >= 1)
    const stopping = { sinceMs: this.nowMs, graceSeconds, because, preStop: 'running' as const }
    this.#set(container, { state: { ...state, stopping } })
    this.#whenOver(this.#processes.get(container)?.script.preStopMs ?? 0, container, (running) =>
      running.stopping === undefined ? running : { ...running, stopping: { ...running.stopping, preStop: 'done' } },
    )
  }

  /** When a hook or probe is over, if its container still runs and the agent that ran it is still there. */
  #whenOver(ms: number, name: string, change: (running: RunningContainer) => RunningContainer): void {
    const process = this.#processes.get(name)
    const agent = this.#agents
    this.#after(ms, () => {
      const state = this.#running(name)
      if (state === undefined || this.#processes.get(name) !== process || this.#agents !== agent) return
      this.#set(name, { state: change(state) })
    })
  }

  #nextProbe(): ProbeRun | undefined {
    return this.#prober.nextRun(probesDue(this.#pod(), this.observe(), this.nowMs), this.nowMs)
  }

  #runProbe(run: ProbeRun): void {
    this.nowMs = Math.max(this.nowMs, run.atMs)
    const { container, kind } = run.probe
    const result = this.#prober.run(run)
    if (result === undefined) return
    this.#whenOver(PROBE_MS, container, (running) =>
      withVerdict(this.#container(container), running, { kind, verdict: { result, sinceMs: this.nowMs } }),
    )
  }

  #prepare(name: string): void {
    const sandbox = this.#sandbox.seen
    assert.ok(sandbox.is === 'ready' && !this.#isUp(name))
    assert.ok(this.#containers[name]?.sandboxAttempt !== sandbox.attempt || this.#isAbsent(name))
  }

  #terminate({ container, graceSeconds, because }: PodAction & { do: 'terminate' }): void {
    const state = this.#running(container)
    const process = this.#processes.get(container)
    assert.ok(state !== undefined && process !== undefined, `${container} runs when it is asked to end`)
    assert.equal(state.stopping?.terminatedAtMs, undefined, `${container} is asked to end once`)
    assert.ok(graceSeconds >= 2)
    const begun = state.stopping ?? { sinceMs: this.nowMs, graceSeconds, because }
    this.#set(container, { state: { ...state, stopping: { ...begun, terminatedAtMs: this.nowMs } } })
    this.#exitAfter(process.script.termMs, container, { process, exitCode: process.script.termExitCode })
  }

  #kill(name: string): void {
    const state = this.#running(name)
    const process = this.#processes.get(name)
    assert.ok(state !== undefined && process !== undefined, `${name} runs when it is killed`)
    assert.equal(state.stopping?.killedAtMs, undefined, `${name} is killed once`)
    const begun = state.stopping ?? { sinceMs: this.nowMs, graceSeconds: 0 }
    this.#set(name, { state: { ...state, stopping: { ...begun, killedAtMs: this.nowMs } } })
    this.#exitAfter(this.#script.killMs, name, { process, exitCode: 137 })
  }

  #exitAfter(ms: number, name: string, { process, ...end }: End & { process: Process }): void {
    this.#after(ms, () => {
      if (this.#processes.get(name) !== process) return
      this.#exit(name, end)
      this.#processes.delete(name)
    })
  }

  #exit(name: string, end: End, instance?: Pick<ExitedContainer, 'id' | 'startedAtMs'>): void {
    const state = this.#running(name)
    const { id, startedAtMs } = instance ?? state ?? { id: name, startedAtMs: 0 }
    this.#set(name, {
      state: {
        is: 'exited',
        id,
        reason: end.exitCode === 0 ? 'Completed' : 'Error',
        ...end,
        startedAtMs,
        finishedAtMs: this.nowMs,
        ...(state !== undefined && legacyOf(state)),
      },
    })
  }

  #set(name: string, change: Pick<ObservedContainer, 'state'>): void {
    const record = this.#containers[name]
    assert.ok(record !== undefined)
    this.#containers[name] = { ...record, ...change }
  }

  #after(ms: number, happen: () => void): void {
    if (ms !== Infinity) this.#events.push({ atMs: this.nowMs + ms, happen })
  }

  #happen(atMs: number): void {
    const index = this.#events.findIndex((event) => event.atMs === atMs)
    const [event] = this.#events.splice(index, 1)
    this.nowMs = Math.max(this.nowMs, atMs)
    event?.happen()
  }

  #container(name: string): Container {
    const container = containerNamed(this.#pod(), name)
    assert.ok(container !== undefined, `${name} is a container of the pod`)
    return container
  }

  #running(name: string): RunningContainer | undefined {
    const state = this.#containers[name]?.state
    return state?.is === 'running' ? state : undefined
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

type End = Pick<ExitedContainer, 'exitCode'> & Partial<Pick<ExitedContainer, 'reason' | 'message'>>
