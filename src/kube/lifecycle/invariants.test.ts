import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Container, Pod, PodPhase, RestartPolicy } from '../api/pod.ts'
import { computePodActions } from './compute-pod-actions.ts'
import { computePodStatus } from './compute-pod-status.ts'
import { isUp, stateOf } from './container-facts.ts'
import { allPlaces, appPlaces, initPlaces } from './container-places.ts'
import type { ObservedPod } from './observed-pod.ts'
import type { PodAction } from './pod-action.ts'
import { SimulatedMachine } from './simulated-machine.ts'
import type { InstanceScript, MachineScript } from './simulated-machine.ts'

const RUNS = Number(process.env['PEAPOD_PROPERTY_RUNS'] ?? 600)
const BORN_MS = 1_700_000_000_000
const FINAL_GRACE_SECONDS = 3
/** An order that a pod without end may go on for. */
const STEPS = 250

type Happening =
  | { readonly what: 'delete'; readonly graceSeconds: number }
  | { readonly what: 'lose-sandbox'; readonly isReboot: boolean }
  | { readonly what: 'restart-agent'; readonly startsSurvive: boolean }
  | { readonly what: 'lose-records' }

interface Scenario {
  readonly pod: Pod
  readonly machine: MachineScript
  readonly happenings: readonly { readonly afterMs: number; readonly happening: Happening }[]
  readonly wholeSeconds: boolean
}

describe('invariants of any pod, whatever happens to it', () => {
  it(`hold (${String(RUNS)} random pods)`, () => {
    fc.assert(
      fc.property(scenarios(), (scenario) => {
        new PodRun(scenario).play()
      }),
      { numRuns: RUNS },
    )
  })
})

/** Plays the part of the engine with one pod, and checks every step. */
class PodRun {
  readonly #scenario: Scenario
  readonly #machine: SimulatedMachine
  readonly #history = new History()
  #pod: Pod
  #happenings: Scenario['happenings']
  #deletedAtMs: number | undefined
  #goneByMs = Infinity
  #deadlinePassed = false

  constructor(scenario: Scenario) {
    this.#scenario = scenario
    this.#pod = scenario.pod
    this.#happenings = [...scenario.happenings].sort((a, b) => a.afterMs - b.afterMs)
    this.#machine = new SimulatedMachine(scenario.machine, BORN_MS)
  }

  play(): void {
    let steps = 0
    while (!this.#machine.isForgotten && this.#step()) {
      if (++steps > STEPS && this.#deletedAtMs === undefined && !mustEnd(this.#scenario)) break
      assert.ok(steps < 20 * STEPS, 'the pod goes round in circles')
    }
    if (this.#deletedAtMs === undefined) this.#checkEnd()
    this.#happenings = []
    this.#happen({ what: 'delete', graceSeconds: FINAL_GRACE_SECONDS })
    for (let left = 20 * STEPS; !this.#machine.isForgotten; left--) {
      assert.ok(left > 0, 'a deleted pod is forgotten')
      assert.ok(this.#step(), 'a deleted pod does not come to rest before it is forgotten')
    }
    const phase = this.#pod.status?.phase
    assert.ok(phase === 'Succeeded' || phase === 'Failed', 'H10: a deleted pod ends with a final phase')
  }

  /** Passes until nothing is left to do now, then lets time go to the next event. False: nothing will ever happen. */
  #step(): boolean {
    let lookAgainAtMs = Infinity
    for (let passes = 0; ; passes++) {
      assert.ok(passes < 30, 'passes without end at one instant')
      const actions = this.#pass()
      if (this.#machine.isForgotten) return true
      lookAgainAtMs = Math.min(
        Infinity,
        ...actions.map((action) => (action.do === 'look-again' ? action.atMs : Infinity)),
      )
      if (!actions.some((action) => action.do !== 'look-again' && action.do !== 'prepare')) break
    }
    this.#checkRest(lookAgainAtMs)
    const next = this.#happenings[0]
    const nextAtMs = next === undefined ? Infinity : BORN_MS + next.afterMs
    const untilMs = Math.min(lookAgainAtMs, this.#machine.nextEventAtMs(), nextAtMs)
    if (untilMs === Infinity) return false
    this.#machine.advanceTo(untilMs)
    if (next !== undefined && nextAtMs === untilMs) {
      this.#happenings = this.#happenings.slice(1)
      this.#happen(next.happening)
    }
    return true
  }

  #pass(): PodAction[] {
    const seen = this.#machine.observe()
    this.#history.note(this.#scenario.pod, seen)
    this.#publish(seen)
    this.#checkInstances()
    const actions = computePodActions(this.#pod, seen, this.#machine.nowMs)
    this.#checkActions(actions, seen)
    for (const action of actions) this.#machine.perform(action)
    this.#checkOneInit()
    return actions
  }

  #publish(seen: ObservedPod): void {
    const before = this.#pod.status
    const status = computePodStatus(this.#pod, seen, before, this.#machine.nowMs)
    this.#pod = { ...this.#pod, status }
    if (before === undefined) return
    assert.ok(
      rank(status.phase) >= rank(before.phase),
      `invariant 7: ${String(before.phase)} → ${String(status.phase)}`,
    )
    if (rank(before.phase) === 2) assert.equal(status.phase, before.phase, 'invariant 7: a final phase stays')
    for (const [index, { restartCount }] of (status.containerStatuses ?? []).entries()) {
      assert.ok(restartCount >= (before.containerStatuses?.[index]?.restartCount ?? 0), 'invariant 6')
    }
    for (const [index, { restartCount }] of (status.initContainerStatuses ?? []).entries()) {
      assert.ok(restartCount >= (before.initContainerStatuses?.[index]?.restartCount ?? 0), 'invariant 6')
    }
    const ready = status.conditions?.find(({ type }) => type === 'Ready')
    const all = [...allPlaces(this.#pod)].filter(({ role }) => role !== 'init')
    if (ready?.status === 'True') {
      for (const { name } of all) assert.equal(stateOf(seen, name).is, 'running', 'a ready pod runs')
    }
  }

  #checkActions(actions: readonly PodAction[], seen: ObservedPod): void {
    const steps = actions.map((action) => ('container' in action ? `${action.do} ${action.container}` : action.do))
    assert.equal(new Set(steps).size, steps.length, `no step twice: ${steps.join(', ')}`)
    for (const action of actions) {
      if (action.do === 'start') this.#checkStart(action.container, seen)
      if (action.do === 'terminate' || action.do === 'kill') this.#checkStop(action, seen)
      if (action.do === 'terminate') {
        assert.notEqual(this.#pod.metadata.deletionGracePeriodSeconds, 0, 'H5: no grace, no stop signal')
      }
      if (this.#deletedAtMs !== undefined || rank(this.#pod.status?.phase) === 2) {
        assert.ok(!['start', 'prepare', 'create-sandbox'].includes(action.do), 'nothing begins in a pod that is over')
      }
    }
  }

  #checkStart(name: string, seen: ObservedPod): void {
    const inits = initPlaces(this.#pod)
    const index = inits.findIndex((init) => init.name === name)
    const before = index === -1 ? inits : inits.slice(0, index)
    for (const earlier of before) {
      assert.ok(this.#history.isPassed(earlier.name, seen), `invariant 1: ${name} before ${earlier.name} was passed`)
    }
  }

  /** R1: what has ended for good gets no second process. */
  #checkInstances(): void {
    const policy = this.#pod.spec.restartPolicy
    for (const { name, role } of allPlaces(this.#pod)) {
      const ids = this.#history.idsOf(name)
      if (policy === 'Never' && role !== 'sidecar') assert.ok(ids.length <= 1, `R1: ${name} runs once`)
      const statuses = [
        ...(this.#pod.status?.containerStatuses ?? []),
        ...(this.#pod.status?.initContainerStatuses ?? []),
      ]
      const told = statuses.find((status) => status.name === name)?.restartCount ?? 0
      assert.ok(told >= ids.length - 1, `R9: ${name} had ${String(ids.length)} instances, ${String(told)} restarts`)
      const successes = this.#history.successesOf(name)
      if (policy === 'OnFailure' && role === 'app') assert.ok(successes <= 1, `R1: ${name} succeeds once`)
    }
  }

  #checkStop(action: PodAction & { do: 'terminate' | 'kill' }, seen: ObservedPod): void {
    const place = allPlaces(this.#pod).find(({ name }) => name === action.container)
    if (place?.role !== 'sidecar' || action.because === 'SandboxChanged') return
    const someAppRuns = appPlaces(this.#pod).some(({ name }) => stateOf(seen, name).is === 'running')
    if (!someAppRuns) return
    const stopEndsMs = this.#deletedAtMs === undefined ? this.#deadlineStopEndsMs() : this.#graceEndsMs()
    assert.ok(this.#machine.nowMs >= stopEndsMs, `invariant 4: ${action.container} ${action.do}s while an app runs`)
  }

  #graceEndsMs(): number {
    return Date.parse(this.#pod.metadata.deletionTimestamp ?? '')
  }

  #deadlineStopEndsMs(): number {
    const { activeDeadlineSeconds = Infinity, terminationGracePeriodSeconds } = this.#pod.spec
    return BORN_MS + (activeDeadlineSeconds + terminationGracePeriodSeconds) * 1000
  }

  #checkOneInit(): void {
    const seen = this.#machine.observe()
    const up = initPlaces(this.#pod).filter(({ name, role }) => role === 'init' && isUp(seen, name))
    assert.ok(up.length <= 1, 'invariant 2: one init container at a time')
  }

  /** What must be true whenever there is nothing to do right now. */
  #checkRest(lookAgainAtMs: number): void {
    const seen = this.#machine.observe()
    const nowMs = this.#machine.nowMs
    const isLive = this.#deletedAtMs === undefined && rank(this.#pod.status?.phase) < 2
    const deadlineMs = BORN_MS + (this.#pod.spec.activeDeadlineSeconds ?? Infinity) * 1000
    if (isLive && nowMs < deadlineMs && seen.sandbox.is === 'ready') {
      const someAppRuns = appPlaces(this.#pod).some(({ name }) => stateOf(seen, name).is === 'running')
      for (const { name, role } of initPlaces(this.#pod)) {
        if (role !== 'sidecar' || !someAppRuns) continue
        assert.ok(isUp(seen, name) || lookAgainAtMs < Infinity, `invariant 3: ${name} is kept running`)
      }
    }
    const byDeadlineMs = this.#deadlineStopEndsMs() + 2_000 + this.#scenario.machine.killMs
    if (nowMs > (this.#deletedAtMs === undefined ? byDeadlineMs : this.#goneByMs)) {
      for (const { name } of allPlaces(this.#pod)) {
        const state = stateOf(seen, name)
        if (state.is !== 'running') continue
        // One that was still being started gets its two seconds.
        const isLate = state.startedAtMs + 2_000 + this.#scenario.machine.killMs >= nowMs
        assert.ok(isLate, `invariant 5: ${name} still runs`)
      }
    }
    this.#checkWaiting(seen, lookAgainAtMs)
  }

  /** Whoever is waiting is woken: by the machine, or by the clock. */
  #checkWaiting(seen: ObservedPod, lookAgainAtMs: number): void {
    const isStill = this.#machine.nextEventAtMs() === Infinity && lookAgainAtMs === Infinity
    if (!isStill || rank(this.#pod.status?.phase) === 2) return
    assert.equal(seen.sandbox.is, 'ready', 'a pod at rest has its sandbox')
    // Behind an init container that never ends, everybody waits.
    if (initPlaces(this.#pod).some(({ name, role }) => role === 'init' && isUp(seen, name))) return
    for (const { name, role } of allPlaces(this.#pod)) {
      const state = stateOf(seen, name)
      if (role === 'sidecar') assert.equal(state.is, 'running')
      else assert.ok(state.is === 'running' || state.is === 'exited', `${name} is left ${state.is}`)
    }
  }

  #checkEnd(): void {
    const { phase, reason } = this.#pod.status ?? {}
    this.#deadlinePassed = this.#machine.nowMs > BORN_MS + (this.#pod.spec.activeDeadlineSeconds ?? Infinity) * 1000
    if (mustEnd(this.#scenario)) assert.equal(rank(phase), 2, `it must end, and is ${String(phase)}`)
    if (this.#deadlinePassed && this.#pod.spec.restartPolicy === 'Always') {
      assert.deepEqual({ phase, reason }, { phase: 'Failed', reason: 'DeadlineExceeded' })
    }
  }

  #happen(happening: Happening): void {
    switch (happening.what) {
      case 'lose-sandbox':
        this.#machine.loseSandbox(happening.isReboot)
        return
      case 'restart-agent':
        this.#restartAgent(happening.startsSurvive)
        return
      case 'lose-records':
        if (rank(this.#pod.status?.phase) === 2) this.#machine.loseRecords()
        return
      case 'delete':
        this.#delete(happening.graceSeconds)
    }
  }

  /** Invariant 8: what runs goes on as it was. */
  #restartAgent(startsSurvive: boolean): void {
    const { nowMs } = this.#machine
    const before = computePodStatus(this.#pod, this.#machine.observe(), this.#pod.status, nowMs)
    this.#machine.restartAgent(startsSurvive)
    const after = computePodStatus(this.#pod, this.#machine.observe(), this.#pod.status, nowMs)
    const told = [before, after].map(({ conditions, containerStatuses = [], initContainerStatuses = [] }) => ({
      ready: conditions?.find(({ type }) => type === 'Ready')?.status,
      ids: [...initContainerStatuses, ...containerStatuses].map(({ containerID, restartCount }) => [
        containerID,
        restartCount,
      ]),
    }))
    assert.deepEqual(told[0], told[1], 'invariant 8: an agent restart changes nothing')
  }

  /** As the API server does it: a second request can only shorten the grace, counted from the first. */
  #delete(graceSeconds: number): void {
    const { nowMs } = this.#machine
    const known = this.#pod.metadata.deletionGracePeriodSeconds
    if (known !== undefined && known <= graceSeconds) return
    this.#deletedAtMs ??= nowMs
    const endsMs = this.#deletedAtMs + graceSeconds * 1000
    const deletionTimestamp = new Date(endsMs).toISOString()
    this.#pod = {
      ...this.#pod,
      metadata: {
        ...this.#pod.metadata,
        deletionGracePeriodSeconds: graceSeconds,
        deletionTimestamp: this.#scenario.wholeSeconds ? `${deletionTimestamp.slice(0, 19)}Z` : deletionTimestamp,
      },
    }
    const inexactMs = this.#scenario.wholeSeconds ? 1_000 : 0
    const allowedMs = (graceSeconds === 0 ? 0 : 2_000) + this.#scenario.machine.killMs
    this.#goneByMs = Math.max(endsMs, nowMs) + inexactMs + allowedMs
  }
}

/** What was seen of each container in each sandbox: the judge's own memory. */
class History {
  readonly #passed = new Set<string>()
  readonly #ids = new Map<string, Set<string>>()
  readonly #successes = new Map<string, Set<string>>()

  note(pod: Pod, seen: ObservedPod): void {
    for (const { name } of allPlaces(pod)) {
      const state = stateOf(seen, name)
      if (state.is !== 'running' && state.is !== 'exited') continue
      this.#ids.set(name, (this.#ids.get(name) ?? new Set()).add(state.id))
      if (state.is === 'running' || state.exitCode !== 0) continue
      this.#successes.set(name, (this.#successes.get(name) ?? new Set()).add(state.id))
    }
    for (const { name, role } of initPlaces(pod)) {
      const state = stateOf(seen, name)
      const attempt = seen.containers[name]?.sandboxAttempt
      const isPassed =
        role === 'sidecar' ? state.is === 'running' && state.started : state.is === 'exited' && state.exitCode === 0
      if (isPassed) this.#passed.add(`${name} in ${String(attempt)}`)
    }
  }

  idsOf(name: string): string[] {
    return [...(this.#ids.get(name) ?? [])]
  }

  successesOf(name: string): number {
    return this.#successes.get(name)?.size ?? 0
  }

  isPassed(name: string, seen: ObservedPod): boolean {
    return seen.sandbox.is === 'ready' && this.#passed.has(`${name} in ${String(seen.sandbox.attempt)}`)
  }
}

function rank(phase: PodPhase | undefined): number {
  return phase === 'Succeeded' || phase === 'Failed' ? 2 : phase === 'Running' ? 1 : 0
}

/** Whether the pod has a deadline, or every container of it comes to an end that its policy lets stand. */
function mustEnd({ pod, machine }: Scenario): boolean {
  if (pod.spec.activeDeadlineSeconds !== undefined) return true
  if (pod.spec.restartPolicy === 'Always') return false
  return allPlaces(pod).every(({ name, role }) => {
    const scripts = machine.instances[name] ?? []
    const last = scripts.at(-1)
    if (last === undefined || last.fails !== undefined) return false
    if (role === 'sidecar') return last.runMs > last.startedAfterMs
    return last.exitCode === 0 && scripts.every(({ runMs }) => runMs < Infinity)
  })
}

function scenarios(): fc.Arbitrary<Scenario> {
  return fc
    .record({
      sidecars: fc.array(fc.boolean(), { maxLength: 3 }),
      apps: fc.integer({ min: 1, max: 3 }),
      restartPolicy: fc.constantFrom<RestartPolicy>('Always', 'OnFailure', 'Never'),
      graceSeconds: fc.constantFrom(0, 1, 2, 5, 30),
      deadlineSeconds: fc.option(fc.constantFrom(1, 7, 60, 900), { freq: 4, nil: undefined }),
      wholeSeconds: fc.boolean(),
      happenings: fc.array(
        fc.record({ afterMs: fc.integer({ min: 0, max: 60_000 }), happening: happeningArbitrary() }),
        {
          maxLength: 4,
        },
      ),
    })
    .chain((shape) => {
      const inits = shape.sidecars.map((sidecar, index) => container(`i${String(index)}`, sidecar))
      const containers = Array.from({ length: shape.apps }, (_, index) => container(`a${String(index)}`, false))
      const pod: Pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'pod', namespace: 'default', uid: 'uid' },
        spec: {
          initContainers: inits,
          containers,
          restartPolicy: shape.restartPolicy,
          terminationGracePeriodSeconds: shape.graceSeconds,
          ...(shape.deadlineSeconds !== undefined && { activeDeadlineSeconds: shape.deadlineSeconds }),
          dnsPolicy: 'ClusterFirst',
          enableServiceLinks: true,
        },
      }
      const names = [...inits, ...containers].map(({ name }) => name)
      const isSidecar = (name: string) => inits.some((init) => init.name === name && init.restartPolicy === 'Always')
      const instances = fc.record(
        Object.fromEntries(
          names.map((name) => [
            name,
            fc.array(instanceArbitrary({ name, isSidecar: isSidecar(name) }), { minLength: 1, maxLength: 3 }),
          ]),
        ),
      )
      return machineArbitrary(instances).map((machine) => ({
        pod,
        machine,
        happenings: shape.happenings,
        wholeSeconds: shape.wholeSeconds,
      }))
    })
}

function machineArbitrary(instances: fc.Arbitrary<Record<string, InstanceScript[]>>): fc.Arbitrary<MachineScript> {
  return fc
    .record({
      sandboxes: fc.array(
        fc.record({ ms: fc.integer({ min: 0, max: 500 }), fails: fc.constantFrom(false, false, true) }),
        {
          maxLength: 2,
        },
      ),
      removeMs: fc.integer({ min: 0, max: 500 }),
      killMs: fc.integer({ min: 0, max: 50 }),
      instances,
    })
    .map((machine) => ({ ...machine, sandboxes: [...machine.sandboxes, { ms: 20, fails: false }] }))
}

function happeningArbitrary(): fc.Arbitrary<Happening> {
  return fc.oneof(
    fc.record({ what: fc.constant('delete' as const), graceSeconds: fc.constantFrom(0, 1, 3, 30) }),
    fc.record({ what: fc.constant('lose-sandbox' as const), isReboot: fc.boolean() }),
    fc.record({ what: fc.constant('lose-sandbox' as const), isReboot: fc.boolean() }),
    fc.record({ what: fc.constant('restart-agent' as const), startsSurvive: fc.boolean() }),
    fc.record({ what: fc.constant('lose-records' as const) }),
  )
}

function instanceArbitrary({ name, isSidecar }: { name: string; isSidecar: boolean }): fc.Arbitrary<InstanceScript> {
  const runs = name.startsWith('a')
    ? [0, 5, 900, 20_000, 700_000, Infinity, Infinity]
    : isSidecar
      ? [0, 900, 20_000, Infinity, Infinity, Infinity]
      : [0, 5, 5, 5, 900, 900, 20_000, Infinity]
  const failures = ['ErrImagePull', 'CreateContainerConfigError', 'CreateContainerError', 'StartError'] as const
  return fc
    .record({
      startMs: fc.constantFrom(0, 5, 300, 8_000),
      fails: fc.option(fc.constantFrom(...failures), { freq: 8, nil: undefined }),
      runMs: fc.constantFrom(...runs),
      exitCode: fc.constantFrom(0, 0, 0, 1, 137),
      startedAfterMs: fc.constantFrom(0, 0, 700),
      termMs: fc.constantFrom(0, 50, 1_500, 10_000, Infinity),
      termExitCode: fc.constantFrom(0, 143),
    })
    .map(({ fails, ...script }) => (fails === undefined ? script : { ...script, fails }))
}

function container(name: string, isSidecar: boolean): Container {
  return {
    name,
    image: 'example.com/app:1',
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    ...(isSidecar && { restartPolicy: 'Always' as const }),
  }
}
