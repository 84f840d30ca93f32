import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../failure.ts'
import type { Probe } from '../../kube/api/pod.ts'
import type { ExecRequest } from '../../machine/runtime/container-runtime.ts'
import type { FakeExec } from '../../machine/runtime/fake/open-fake-runtime.ts'
import { type Bench, openBench } from './engine-bench.ts'
import { testContainer } from './test-pod.ts'

const command = (...words: string[]) => ({ exec: { command: words } })
const probe = (change: Partial<Probe> = {}): Probe => ({
  ...command('check'),
  timeoutSeconds: 1,
  periodSeconds: 1,
  successThreshold: 1,
  failureThreshold: 2,
  ...change,
})

/** Programs that are run beside a container's own behave as their first word says; notes which were run, and when. */
function execs(behaviour: Readonly<Record<string, FakeExec | (() => FakeExec)>>) {
  const ran: string[] = []
  const onExec = ({ args, workingDir }: ExecRequest): FakeExec => {
    const [word = ''] = args
    assert.equal(workingDir, '/')
    ran.push(args.join(' '))
    const found = behaviour[word]
    return typeof found === 'function' ? found() : (found ?? {})
  }
  return { ran, onExec }
}

const isRunning = (bench: Bench, name = 'app') => bench.status(name)?.state?.running !== undefined
const restarts = (bench: Bench) => bench.status('app')?.restartCount ?? 0

describe('hooks', () => {
  it('H1: a container counts as running when its postStart hook has ended; the next one starts then (S7)', async () => {
    const { onExec } = execs({ hook: { takesMs: 3_000 } })
    await using bench = await openBench({ app: [{ onExec }] })
    await bench.create({
      containers: [testContainer({ lifecycle: { postStart: command('hook') } }), testContainer({ name: 'next' })],
    })
    await bench.until('it starts', () => bench.started.length === 1)
    await bench.clock.advance(2_900)
    assert.deepEqual([isRunning(bench), bench.started], [false, ['app-0-0']])
    await bench.clock.advance(100)
    await bench.until('both run', () => isRunning(bench) && isRunning(bench, 'next'))
  })

  it('H1: a failed postStart hook stops its container; the event has the end of what it said', async () => {
    const { onExec } = execs({ hook: { exitCode: 3, output: `${'x'.repeat(2_000)}\nno such table\n` } })
    await using bench = await openBench({ app: [{ onExec }] })
    await bench.create({ containers: [testContainer({ lifecycle: { postStart: command('hook', 'it') } })] })
    await bench.until('it is told', () => bench.told('FailedPostStartHook').length > 0)
    await bench.until('it is stopped', () => bench.signals.length > 0)
    const [message = ''] = bench.told('FailedPostStartHook')
    assert.match(message, /^PostStartHook failed: command "hook it" exited with 3: x+\nno such table$/)
    assert.ok(message.length < 1_000)
  })

  it('what keeps a hook from running is told with the name of the container', async () => {
    const bad = new Failure('StartError', 'run "hook" in container "11111111222233-app-0-0": no such file')
    const { onExec } = execs({ hook: { fails: bad } })
    await using bench = await openBench({ app: [{ onExec }] })
    await bench.create({ containers: [testContainer({ lifecycle: { postStart: command('hook') } })] })
    await bench.until('it is told', () => bench.told('FailedPostStartHook').length > 0)
    assert.match(bench.told('FailedPostStartHook').join(), /no such file/)
  })

  it('H3: tcpSocket always fails', async () => {
    await using bench = await openBench({})
    await bench.create({ containers: [testContainer({ lifecycle: { postStart: { tcpSocket: { port: 1 } } } })] })
    await bench.until('it is told', () => bench.told('FailedPostStartHook').length > 0)
    assert.match(bench.told('FailedPostStartHook').join(), /tcpSocket .* always fails; use exec, httpGet or sleep/)
  })

  it('H2: the stop signal comes after preStop, whether it fails or not', async () => {
    const { onExec } = execs({ hook: { takesMs: 2_000, exitCode: 1, output: 'sorry' } })
    await using bench = await openBench({ app: [{ onExec, onSignal: { exitsAfterMs: 10, exitCode: 0 } }] })
    await bench.create({ containers: [testContainer({ lifecycle: { preStop: command('hook') } })] })
    await bench.until('it runs', () => isRunning(bench))
    await bench.delete(30)
    await bench.until('its stop is told', () => bench.told('Killing').length > 0)
    await bench.clock.advance(1_900)
    assert.deepEqual(bench.signals, [])
    await bench.clock.advance(100)
    await bench.until('it is asked to stop', () => bench.signals.length === 1)
    assert.deepEqual(bench.signals, ['app-0-0 15'])
    await bench.until('it is told', () => bench.told('FailedPreStopHook').length > 0)
    assert.deepEqual(bench.told('FailedPreStopHook'), ['PreStopHook failed: command "hook" exited with 1: sorry'])
    assert.deepEqual(bench.told('Killing'), ['Stopping container app'])
  })

  it('H2: a preStop hook that overruns is left behind: signal at the end of the grace period, SIGKILL two seconds later', async () => {
    const { onExec } = execs({ hook: { takesMs: Infinity } })
    await using bench = await openBench({ app: [{ onExec, onSignal: 'ignore' }] })
    await bench.create({ containers: [testContainer({ lifecycle: { preStop: command('hook') } })] })
    await bench.until('it runs', () => isRunning(bench))
    await bench.delete(5)
    await bench.until('its stop is told', () => bench.told('Killing').length > 0)
    await bench.clock.advance(5_000)
    await bench.until('it is asked to stop', () => bench.signals.length === 1)
    await bench.clock.advance(2_000)
    await bench.until('it is gone', () => bench.pod === undefined)
    assert.deepEqual(bench.signals, ['app-0-0 15', 'app-0-0 9'])
    assert.deepEqual(bench.told('FailedPreStopHook'), [])
  })

  it('H4: a sleep hook ends with its container', async () => {
    await using bench = await openBench({ app: [{ exitsAfterMs: 3_000 }] })
    await bench.create({
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 60,
      containers: [testContainer({ lifecycle: { preStop: { sleep: { seconds: 50 } } } })],
    })
    await bench.until('it runs', () => isRunning(bench))
    await bench.delete(60)
    await bench.clock.advance(3_000)
    await bench.until('it is gone', () => bench.pod === undefined)
    assert.deepEqual(bench.signals, [])
  })

  it('an engine that stops does not wait for a hook', async () => {
    const { onExec } = execs({ hook: { takesMs: Infinity } })
    await using bench = await openBench({ app: [{ onExec }] })
    await bench.create({ containers: [testContainer({ lifecycle: { postStart: command('hook') } })] })
    await bench.until('it starts', () => bench.started.length === 1)
    assert.deepEqual(bench.told('FailedPostStartHook'), [])
  })
})

describe('probes', () => {
  it('P3: nothing else is asked before the startup probe succeeds; then the container is started', async () => {
    const outcomes = [1, 1, 0]
    const { ran, onExec } = execs({ startup: () => ({ exitCode: outcomes.shift() ?? 0 }), check: {} })
    await using bench = await openBench({ app: [{ onExec }] })
    const startupProbe = probe({ ...command('startup'), failureThreshold: 5 })
    await bench.create({
      containers: [testContainer({ startupProbe, livenessProbe: probe(), readinessProbe: probe() })],
    })
    await bench.until('it runs', () => isRunning(bench))
    await bench.clock.advance(1_900)
    assert.deepEqual([ran, bench.status('app')?.started], [['startup', 'startup'], false])
    await bench.clock.advance(100)
    await bench.until('it is started', () => bench.status('app')?.started === true)
    await bench.until('it is ready', () => bench.status('app')?.ready === true)
    assert.deepEqual(ran, ['startup', 'startup', 'startup', 'check', 'check'])
  })

  it('P4: a failed liveness probe restarts the container; the new one is asked anew', async () => {
    const dead = execs({ check: { exitCode: 1, output: 'dead\n' } })
    const alive = execs({})
    await using bench = await openBench({ app: [{ onExec: dead.onExec }, { onExec: alive.onExec }] })
    await bench.create({ containers: [testContainer({ livenessProbe: probe() })] })
    await bench.until('it runs', () => isRunning(bench))
    await bench.clock.advance(1_000)
    await bench.until('it runs again', () => restarts(bench) === 1 && isRunning(bench))
    assert.deepEqual(bench.told('Unhealthy'), ['Liveness probe failed: dead'])
    assert.deepEqual(bench.told('Killing'), ['Container app failed liveness probe, will be restarted'])
    await bench.clock.advance(5_000)
    assert.ok(alive.ran.length >= 5)
    assert.equal(restarts(bench), 1)
  })

  it('P5: readiness comes and goes, and restarts nothing', async () => {
    let exitCode = 0
    const { onExec } = execs({ check: () => ({ exitCode }) })
    await using bench = await openBench({ app: [{ onExec }] })
    await bench.create({ containers: [testContainer({ readinessProbe: probe() })] })
    await bench.until('it is ready', () => bench.status('app')?.ready === true)
    exitCode = 1
    await bench.clock.advance(2_000)
    await bench.until('it is not ready', () => bench.status('app')?.ready === false)
    exitCode = 0
    await bench.clock.advance(1_000)
    await bench.until('it is ready again', () => bench.status('app')?.ready === true)
    assert.equal(restarts(bench), 0)
  })

  it('P7: an error is tried three times, told, and counts for nothing', async () => {
    const { ran, onExec } = execs({ check: { fails: new Failure('StartError', 'no such file') } })
    await using bench = await openBench({ app: [{ onExec }] })
    await bench.create({ containers: [testContainer({ livenessProbe: probe({ failureThreshold: 1 }) })] })
    await bench.until('it runs', () => isRunning(bench))
    await bench.until('it was asked', () => ran.length === 3)
    await bench.clock.advance(4_000)
    assert.deepEqual(bench.told('Unhealthy'), ['Liveness probe errored and resulted in unknown state: no such file'])
    assert.equal(restarts(bench), 0)
  })

  it('P12: the time of an exec probe is limited; variables with plain values are expanded', async () => {
    const { ran, onExec } = execs({ slow: { takesMs: Infinity } })
    await using bench = await openBench({ app: [{ onExec }] })
    const readinessProbe = probe({ ...command('slow', '$(A) $(B) $$(A)'), timeoutSeconds: 70, periodSeconds: 100 })
    await bench.create({ containers: [testContainer({ env: [{ name: 'A', value: 'x' }], readinessProbe })] })
    await bench.until('it runs', () => isRunning(bench))
    await bench.clock.advance(70_000)
    await bench.until('it is told', () => bench.told('Unhealthy').length === 1)
    assert.deepEqual(ran, ['slow x $(B) $(A)'])
    assert.deepEqual(bench.told('Unhealthy'), [
      'Readiness probe failed: command timed out: "slow x $(B) $(A)" timed out after 1m10s',
    ])
  })

  it('P15: a port that the container does not have is an error', async () => {
    await using bench = await openBench({})
    await bench.create({
      containers: [
        testContainer({
          livenessProbe: { ...probe(), exec: undefined, tcpSocket: { port: 'web' } } as unknown as Probe,
        }),
      ],
    })
    await bench.until('it is told', () => bench.told('Unhealthy').length === 1)
    assert.match(bench.told('Unhealthy').join(), /^Liveness probe errored .*: couldn't find port "web"/)
  })

  it('P6: liveness is not asked any more once the pod is deleted', async () => {
    const { ran, onExec } = execs({})
    await using bench = await openBench({ app: [{ onExec, onSignal: 'ignore' }] })
    await bench.create({ containers: [testContainer({ livenessProbe: probe() })] })
    await bench.until('it was asked', () => ran.length === 1)
    await bench.delete(10)
    await bench.until('it is asked to stop', () => bench.signals.length === 1)
    const asked = ran.length
    await bench.clock.advance(5_000)
    assert.equal(ran.length, asked)
  })
})
