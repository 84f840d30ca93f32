import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Container, Pod, PodPhase, Probe, RestartPolicy } from '../api/pod.ts'
import { computePodActions } from './compute-pod-actions.ts'
import { computePodStatus } from './compute-pod-status.ts'
import { isUp, recordOf, stateOf } from './container-facts.ts'
import { allPlaces, appPlaces, ephemeralPlaces, initPlaces } from './container-places.ts'
import type { ContainerPlace, ContainerRole } from './container-places.ts'
import type { ContainerState, ObservedPod } from './observed-pod.ts'
import type { PodAction, StopReason } from './pod-action.ts'
import { everyStatus } from './every-status.ts'
import { computePodCourse } from './pod-course.ts'
import type { ProbeOutcome } from './probe-verdict.ts'
import { containerNamed, mayRestartAll } from './restart-rules.ts'
import { isHeldByPostStart } from './running-container.ts'
import { SimulatedMachine } from './simulated-machine.ts'
import type { InstanceScript, MachineScript } from './machine-script.ts'

const RUNS = Number(process.env['PEAPOD_PROPERTY_RUNS'] ?? 400)
const BORN_MS = 1_700_000_000_000
const FINAL_GRACE_SECONDS = 3
/** An order that a pod without end may go on for. */
const STEPS = 250

type Happening =
  | { readonly what: 'delete'; readonly graceSeconds: number }
  | { readonly what: 'lose-sandbox'; readonly isReboot: boolean }
  | { readonly what: 'restart-agent'; readonly startsSurvive: boolean }
  | { readonly what: 'lose-records' }
  | { readonly what: 'change-image'; readonly container: number }
  | { readonly what: 'add-ephemeral' }

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

/** Stops in a pod that goes on: the order of the pod's end is not theirs. */
const NOT_OF_PODS_END: readonly StopReason[] = [
  'LivenessFailed',
  'StartupFailed',
  'PostStartFailed',
  'ImageChanged',
  'SandboxChanged',
  'AllContainersRestarting',
]

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
  #isImageChanged = false
  #adoptedAtMs = 0
  #sandboxes = 0

  constructor(scenario: Scenario) {
    this.#scenario = scenario
    this.#pod = scenario.pod
    this.#happenings = [...scenario.happenings].sort((a, b) => a.afterMs - b.afterMs)
    this.#machine = new SimulatedMachine(scenario.machine, () => this.#pod, BORN_MS)
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
    this.#history.note(this.#pod, seen)
    this.#publish(seen)
    this.#checkInstances()
    const actions = computePodActions(this.#pod, seen, this.#machine.nowMs)
    this.#checkActions(actions, seen)
    for (const action of actions) {
      this.#machine.perform(action)
      if (action.do === 'reset-containers') this.#history.beginAnew()
    }
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
    const all = allPlaces(this.#pod).filter(({ role }) => role === 'sidecar' || role === 'app')
    if (ready?.status === 'True') {
      for (const { name } of all) {
        const state = stateOf(seen, name)
        const { readinessProbe } = containerNamed(this.#pod, name) ?? {}
        const isReady = state.is === 'running' && (!readinessProbe || state.probes?.readiness?.result === 'success')
        assert.ok(isReady && hasStarted(this.#pod, name, state), 'a ready pod runs, and its probes say so')
      }
    }
  }

  #checkActions(actions: readonly PodAction[], seen: ObservedPod): void {
    const steps = actions.map((action) => ('container' in action ? `${action.do} ${action.container}` : action.do))
    assert.equal(new Set(steps).size, steps.length, `no step twice: ${steps.join(', ')}`)
    for (const action of actions) {
      if (action.do === 'start') this.#checkStart(action.container, seen)
      if (action.do === 'create-sandbox') this.#sandboxes++
      if (action.do === 'terminate' || action.do === 'kill') this.#checkStop(action, seen)
      if (action.do === 'terminate' && action.because !== 'SandboxChanged')
        this.#checkHookBefore(action.container, seen)
      if (action.do === 'reset-containers') assert.equal(this.#deletedAtMs, undefined, 'R7: never in a deleted pod')
      if (action.do === 'terminate') {
        assert.notEqual(this.#pod.metadata.deletionGracePeriodSeconds, 0, 'H5: no grace, no stop signal')
      }
      if (this.#deletedAtMs !== undefined || rank(this.#pod.status?.phase) === 2) {
        const begins = ['start', 'prepare', 'create-sandbox', 'run-post-start', 'reset-containers']
        assert.ok(!begins.includes(action.do), 'nothing begins in a pod that is over')
      }
    }
  }

  #checkStart(name: string, seen: ObservedPod): void {
    // C1: it waits for nobody.
    if (ephemeralPlaces(this.#pod).some((place) => place.name === name)) return
    const inits = initPlaces(this.#pod)
    const index = inits.findIndex((init) => init.name === name)
    const before = index === -1 ? inits : inits.slice(0, index)
    for (const earlier of before) {
      assert.ok(this.#history.isPassed(earlier.name, seen), `invariant 1: ${name} before ${earlier.name} was passed`)
    }
    const isFirst = recordOf(seen, name) === undefined
    for (const app of appPlaces(this.#pod)) {
      if (app.name === name || !isFirst || index !== -1) break
      const state = stateOf(seen, app.name)
      const isHeld = state.is === 'starting' || (state.is === 'running' && isHeldByPostStart(state))
      assert.ok(!isHeld, `S7: ${name} while ${app.name} is being started`)
    }
  }

  /** H2: the signal comes after the hook, unless there is no time left. */
  #checkHookBefore(name: string, seen: ObservedPod): void {
    const state = stateOf(seen, name)
    if (containerNamed(this.#pod, name)?.lifecycle?.preStop === undefined || state.is !== 'running') return
    if (state.stopping?.preStop === 'done') return
    const course = computePodCourse(this.#pod, seen, this.#machine.nowMs)
    const ends = [state.stopping, course.is === 'ending' ? course : undefined].map((stop) =>
      stop === undefined ? Infinity : stop.sinceMs + stop.graceSeconds * 1000,
    )
    assert.ok(this.#machine.nowMs >= Math.min(...ends), `H2: ${name} gets its signal before its hook is over`)
  }

  /** R1, R5: what has ended for good gets no second process. */
  #checkInstances(): void {
    const mayBeginAnew = mayRestartAll(this.#pod) || this.#isImageChanged
    for (const { name, role } of allPlaces(this.#pod)) {
      const ids = this.#history.idsOf(name)
      if (role === 'ephemeral') assert.ok(ids.length <= 1, `C1: ${name} runs once, whatever happens`)
      const { restartPolicy: own, restartPolicyRules: rules = [] } = containerNamed(this.#pod, name) ?? {}
      const policy = mayBeginAnew || rules.length > 0 ? 'Always' : (own ?? this.#pod.spec.restartPolicy)
      if (policy === 'Never' && role !== 'sidecar' && this.#sandboxes <= 1) {
        assert.ok(ids.length <= 1, `R1: ${name} runs once`)
      }
      const told = everyStatus(this.#pod.status).find((status) => status.name === name)?.restartCount ?? 0
      assert.ok(told >= ids.length - 1, `R9: ${name} had ${String(ids.length)} instances, ${String(told)} restarts`)
      const successes = this.#history.successesOf(name)
      if (policy === 'OnFailure' && role === 'app') assert.ok(successes <= 1, `R1: ${name} succeeds once`)
    }
  }

  #checkStop(action: PodAction & { do: 'terminate' | 'kill' }, seen: ObservedPod): void {
    const place = allPlaces(this.#pod).find(({ name }) => name === action.container)
    const state = stateOf(seen, action.container)
    // A stop that was begun for another reason keeps its own end.
    const because = (state.is === 'running' ? state.stopping?.because : undefined) ?? action.because
    if (place?.role !== 'sidecar' || NOT_OF_PODS_END.includes(because)) return
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
    // H5: an agent restart restarts the grace period.
    const againMs = this.#adoptedAtMs + this.#pod.spec.terminationGracePeriodSeconds * 1000
    const byDeadlineMs = Math.max(this.#deadlineStopEndsMs(), againMs) + 2_000 + this.#scenario.machine.killMs
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
    // Behind an init container that never ends, a sidecar that never starts and a hook that is never over, all wait.
    if (allPlaces(this.#pod).some((place) => this.#isInTheWay(place, seen))) return
    for (const { name, role } of allPlaces(this.#pod)) {
      const state = stateOf(seen, name)
      if (role === 'sidecar') assert.equal(state.is, 'running')
      else assert.ok(state.is === 'running' || state.is === 'exited', `${name} is left ${state.is}`)
    }
  }

  #isInTheWay({ name, role }: ContainerPlace, seen: ObservedPod): boolean {
    const state = stateOf(seen, name)
    if (role === 'init') return isUp(seen, name)
    return state.is === 'running' && (role === 'sidecar' ? !state.started : isHeldByPostStart(state))
  }

  #checkEnd(): void {
    const { phase, reason } = this.#pod.status ?? {}
    this.#deadlinePassed = this.#machine.nowMs > BORN_MS + (this.#pod.spec.activeDeadlineSeconds ?? Infinity) * 1000
    if (mustEnd(this.#scenario)) assert.equal(rank(phase), 2, `it must end, and is ${String(phase)}`)
    const policies = [...(this.#pod.spec.initContainers ?? []), ...this.#pod.spec.containers].map(
      ({ restartPolicy = this.#pod.spec.restartPolicy }) => restartPolicy,
    )
    if (this.#deadlinePassed && policies.every((policy) => policy === 'Always')) {
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
      case 'change-image':
        this.#changeImage(happening.container)
        return
      case 'add-ephemeral':
        this.#addEphemeral()
        return
      case 'delete':
        this.#delete(happening.graceSeconds)
    }
  }

  #addEphemeral(): void {
    const { ephemeralContainers = [] } = this.#pod.spec
    const name = EPHEMERAL_NAMES[ephemeralContainers.length]
    if (name === undefined) return
    const added = [...ephemeralContainers, container(name, 'ephemeral', {})]
    this.#pod = { ...this.#pod, spec: { ...this.#pod.spec, ephemeralContainers: added } }
  }

  /** C4: of one app container, whichever there is. */
  #changeImage(index: number): void {
    const { containers } = this.#pod.spec
    const changed = containers.map((container, at) =>
      at === index % containers.length
        ? { ...container, image: `${container.image}-${String(this.#machine.nowMs)}` }
        : container,
    )
    this.#isImageChanged = true
    this.#pod = { ...this.#pod, spec: { ...this.#pod.spec, containers: changed } }
  }

  /** Invariant 8: what runs goes on as it was. */
  #restartAgent(startsSurvive: boolean): void {
    const { nowMs } = this.#machine
    const before = computePodStatus(this.#pod, this.#machine.observe(), this.#pod.status, nowMs)
    this.#machine.restartAgent(startsSurvive)
    const after = computePodStatus(this.#pod, this.#machine.observe(), this.#pod.status, nowMs)
    const told = [before, after].map((status) => ({
      ready: status.conditions?.find(({ type }) => type === 'Ready')?.status,
      ids: everyStatus(status).map(({ containerID, restartCount }) => [containerID, restartCount]),
    }))
    assert.deepEqual(told[0], told[1], 'invariant 8: an agent restart changes nothing')
    // H5: it restarts the grace period.
    const grace = this.#pod.metadata.deletionGracePeriodSeconds
    if (grace !== undefined) this.#goneByMs = Math.max(this.#goneByMs, nowMs + grace * 1000 + this.#allowedMs(grace))
    this.#adoptedAtMs = nowMs
  }

  #allowedMs(graceSeconds: number): number {
    return (this.#scenario.wholeSeconds ? 1_000 : 0) + (graceSeconds === 0 ? 0 : 2_000) + this.#scenario.machine.killMs
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
    const restartedMs = this.#adoptedAtMs > this.#deletedAtMs ? this.#adoptedAtMs + graceSeconds * 1000 : 0
    this.#goneByMs = Math.max(endsMs, nowMs, restartedMs) + this.#allowedMs(graceSeconds)
  }
}

/** What was seen of each container in each sandbox: the judge's own memory. */
class History {
  readonly #passed = new Set<string>()
  #rounds = 0
  readonly #ids = new Map<string, Set<string>>()
  readonly #successes = new Map<string, Set<string>>()

  note(pod: Pod, seen: ObservedPod): void {
    for (const { name } of allPlaces(pod)) {
      const state = stateOf(seen, name)
      if (state.is !== 'running' && state.is !== 'exited') continue
      if (state.is === 'running' && isHeldByPostStart(state)) continue
      this.#ids.set(name, (this.#ids.get(name) ?? new Set()).add(state.id))
      if (state.is === 'running' || state.exitCode !== 0) continue
      this.#successes.set(name, (this.#successes.get(name) ?? new Set()).add(state.id))
    }
    for (const { name, role } of initPlaces(pod)) {
      const state = stateOf(seen, name)
      const attempt = seen.containers[name]?.sandboxAttempt
      const isPassed = role === 'sidecar' ? hasStarted(pod, name, state) : state.is === 'exited' && state.exitCode === 0
      if (isPassed) this.#passed.add(this.#place(name, attempt))
    }
  }

  idsOf(name: string): string[] {
    return [...(this.#ids.get(name) ?? [])]
  }

  successesOf(name: string): number {
    return this.#successes.get(name)?.size ?? 0
  }

  isPassed(name: string, seen: ObservedPod): boolean {
    return seen.sandbox.is === 'ready' && this.#passed.has(this.#place(name, seen.sandbox.attempt))
  }

  /** R7 */
  beginAnew(): void {
    this.#rounds++
  }

  #place(name: string, attempt: number | undefined): string {
    return `${name} in ${String(attempt)}, ${String(this.#rounds)}`
  }
}

/** S4, from what was seen alone. */
function hasStarted(pod: Pod, name: string, state: ContainerState): boolean {
  const { startupProbe, lifecycle } = containerNamed(pod, name) ?? {}
  if (state.is !== 'running') return false
  const isHookOver = lifecycle?.postStart === undefined || state.postStart === 'done'
  return isHookOver && (startupProbe === undefined || state.probes?.startup?.result === 'success')
}

function rank(phase: PodPhase | undefined): number {
  return phase === 'Succeeded' || phase === 'Failed' ? 2 : phase === 'Running' ? 1 : 0
}

/** Whether the pod has a deadline, or every container of it comes to an end that its policy lets stand. */
function mustEnd({ pod, machine, happenings }: Scenario): boolean {
  if (pod.spec.activeDeadlineSeconds !== undefined) return true
  if (pod.spec.restartPolicy === 'Always' || happenings.some(({ happening }) => happening.what === 'change-image'))
    return false
  const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
  const mayGoOn = all.some(
    ({ restartPolicy, restartPolicyRules, startupProbe, livenessProbe, lifecycle }, index) =>
      (restartPolicy !== undefined && index >= (pod.spec.initContainers ?? []).length) ||
      (restartPolicyRules ?? startupProbe ?? livenessProbe ?? lifecycle) !== undefined,
  )
  if (mayGoOn) return false
  return allPlaces(pod).every(({ name, role }) => {
    const scripts = machine.instances[name] ?? []
    const last = scripts.at(-1)
    if (last === undefined || last.fails !== undefined) return false
    if (role === 'sidecar') return last.runMs > 0
    return last.exitCode === 0 && scripts.every(({ runMs }) => runMs < Infinity)
  })
}

function scenarios(): fc.Arbitrary<Scenario> {
  return fc
    .record({
      sidecars: fc.array(fc.boolean(), { maxLength: 3 }),
      features: fc.record(Object.fromEntries(NAMES.map((name) => [name, featuresArbitrary()]))),
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
      const inits = shape.sidecars.map((sidecar, index) =>
        container(`i${String(index)}`, sidecar ? 'sidecar' : 'init', shape.features),
      )
      const containers = Array.from({ length: shape.apps }, (_, index) =>
        container(`a${String(index)}`, 'app', shape.features),
      )
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
      const names = [...[...inits, ...containers].map(({ name }) => name), ...EPHEMERAL_NAMES]
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

const NAMES = ['i0', 'i1', 'i2', 'a0', 'a1', 'a2'] as const
const EPHEMERAL_NAMES = ['e0', 'e1'] as const

/** What a manifest may ask for beside its programs; most containers ask for nothing. */
type Features = Partial<
  Pick<Container, 'startupProbe' | 'livenessProbe' | 'readinessProbe' | 'restartPolicy' | 'restartPolicyRules'>
> & {
  readonly hooks: { readonly postStart: boolean; readonly preStop: boolean }
}

function featuresArbitrary(): fc.Arbitrary<Features> {
  const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.option(arbitrary, { freq: 2, nil: undefined })
  const sometimes = fc.constantFrom(false, false, true)
  return fc
    .record({
      startupProbe: rarely(probeArbitrary(true)),
      livenessProbe: rarely(probeArbitrary(true)),
      readinessProbe: rarely(probeArbitrary(false)),
      restartPolicy: rarely(fc.constantFrom<RestartPolicy>('Always', 'OnFailure', 'Never')),
      restartPolicyRules: rarely(
        fc.array(
          fc.record({
            action: fc.constantFrom('Restart', 'RestartAllContainers'),
            exitCodes: fc.record({
              operator: fc.constantFrom('In', 'In', 'NotIn'),
              values: fc.constantFrom([1], [42], [0, 137]),
            }),
          }),
          { minLength: 1, maxLength: 2 },
        ),
      ),
      hooks: fc.record({ postStart: sometimes, preStop: sometimes }),
    })
    .map(({ hooks, ...rest }) => {
      const asked = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
      return { ...asked, hooks }
    })
}

function probeArbitrary(mayKill: boolean): fc.Arbitrary<Probe> {
  return fc
    .record({
      timeoutSeconds: fc.constant(1),
      periodSeconds: fc.constantFrom(1, 5),
      successThreshold: mayKill ? fc.constant(1) : fc.constantFrom(1, 2),
      failureThreshold: fc.constantFrom(1, 2),
      initialDelaySeconds: fc.constantFrom(0, 3),
      terminationGracePeriodSeconds: fc.constantFrom(0, 0, 1, 4),
    })
    .map(({ terminationGracePeriodSeconds: grace, ...probe }) =>
      mayKill && grace > 0 ? { ...probe, terminationGracePeriodSeconds: grace } : probe,
    )
}

function outcomesArbitrary(): fc.Arbitrary<readonly ProbeOutcome[]> {
  return fc.array(fc.constantFrom<ProbeOutcome>('success', 'success', 'failure', 'error'), { maxLength: 6 })
}

function happeningArbitrary(): fc.Arbitrary<Happening> {
  return fc.oneof(
    fc.record({ what: fc.constant('delete' as const), graceSeconds: fc.constantFrom(0, 1, 3, 30) }),
    fc.record({ what: fc.constant('lose-sandbox' as const), isReboot: fc.boolean() }),
    fc.record({ what: fc.constant('lose-sandbox' as const), isReboot: fc.boolean() }),
    fc.record({ what: fc.constant('restart-agent' as const), startsSurvive: fc.boolean() }),
    fc.record({ what: fc.constant('lose-records' as const) }),
    fc.record({ what: fc.constant('change-image' as const), container: fc.nat({ max: 2 }) }),
    fc.record({ what: fc.constant('add-ephemeral' as const) }),
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
      exitCode: fc.constantFrom(0, 0, 0, 1, 42, 137),
      postStart: fc.record({
        ms: fc.constantFrom(0, 300, 5_000, Infinity),
        fails: fc.constantFrom(false, false, true),
      }),
      preStopMs: fc.constantFrom(0, 800, 4_000, Infinity),
      probes: fc.record({
        startup: outcomesArbitrary(),
        liveness: outcomesArbitrary(),
        readiness: outcomesArbitrary(),
      }),
      termMs: fc.constantFrom(0, 50, 1_500, 10_000, Infinity),
      termExitCode: fc.constantFrom(0, 143),
    })
    .map(({ fails, ...script }) => (fails === undefined ? script : { ...script, fails }))
}

function container(name: string, role: ContainerRole, all: Readonly<Record<string, Features>>): Container {
  const { hooks, restartPolicy, restartPolicyRules, ...probes } = all[name] ?? {
    hooks: { postStart: false, preStop: false },
  }
  const plain = {
    name,
    image: 'example.com/app:1',
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    // Rules come with a policy of the container's own.
    ...(restartPolicyRules !== undefined && { restartPolicyRules, restartPolicy: restartPolicy ?? 'Never' }),
    ...(restartPolicy !== undefined && { restartPolicy }),
  } as const
  const hook = { sleep: { seconds: 1 } }
  const lifecycle = { ...(hooks.postStart && { postStart: hook }), ...(hooks.preStop && { preStop: hook }) }
  const whole = { ...plain, ...probes, ...((hooks.postStart || hooks.preStop) && { lifecycle }) }
  if (role === 'app' || role === 'ephemeral') return whole
  if (role === 'sidecar') return { ...whole, restartPolicy: 'Always' }
  return plain.restartPolicy === 'Always' ? { ...plain, restartPolicy: 'OnFailure' } : plain
}
