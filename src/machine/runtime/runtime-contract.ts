import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { describe, it } from 'node:test'
import type { Failure } from '../../failure.ts'
import type { ContainerPlan, ContainerRecord, ContainerRuntime, ExecRequest } from './container-runtime.ts'

/** Programs that every runtime can be made to run. */
export type ContractProgram = 'ends on TERM with 3' | 'ignores TERM' | 'ends with 7' | 'is not there'

/** Programs that every container can be made to run beside its own. */
export type ContractExec = 'says hello, ends with 4' | 'says hello, never ends' | 'is not there'

/** A runtime on a machine of its own. */
export interface RuntimeUnderTest extends AsyncDisposable {
  open(): Promise<ContainerRuntime & AsyncDisposable>
  plan(id: string, program: ContractProgram): ContainerPlan
  exec(program: ContractExec): Pick<ExecRequest, 'args'>
  /** Lets time pass until something holds. @throws when it does not after some seconds. */
  until(holds: () => boolean | Promise<boolean>): Promise<void>
}

const { SIGKILL, SIGTERM } = constants.signals
type Exited = ContainerRecord & { readonly is: 'exited' }

/** What every ContainerRuntime promises. */
export function runtimeContract(
  name: string,
  make: () => Promise<RuntimeUnderTest>,
  skip: string | false = false,
): void {
  const never = new AbortController().signal
  const promise = (words: string, check: (test: RuntimeUnderTest) => Promise<void>): void => {
    void it(words, async () => {
      await using test = await make()
      await check(test)
    })
  }
  const listed = async (runtime: ContainerRuntime, id: string) =>
    (await runtime.list()).find((record) => record.id === id)
  const begin = async (runtime: ContainerRuntime, plan: ContainerPlan) => {
    await runtime.create(plan, never)
    return runtime.start(plan.id)
  }
  const isExited = (runtime: ContainerRuntime, id: string) => async () => (await listed(runtime, id))?.is === 'exited'
  const hear = (runtime: ContainerRuntime): Exited[] => {
    const heard: Exited[] = []
    runtime.onExit((record) => heard.push(record))
    return heard
  }

  /** Asked again until it is heard: a program that has just begun may not listen to signals yet. */
  const terminated = (runtime: ContainerRuntime, id: string, heard: readonly Exited[]) => async () => {
    await runtime.signal(id, SIGTERM)
    return heard.length > 0
  }

  describe(`${name} keeps the runtime contract`, { skip }, () => {
    promise('a created container is listed and does not run; a started one runs', async (test) => {
      await using runtime = await test.open()
      assert.deepEqual(await runtime.list(), [])
      await runtime.create(test.plan('one', 'ends on TERM with 3'), never)
      const created = await listed(runtime, 'one')
      assert.equal(created?.is, 'created')
      const started = await runtime.start('one')
      assert.equal(started.is, 'running')
      assert.deepEqual(await listed(runtime, 'one'), started)
      assert.ok(started.startedAtMs > 0)
    })

    promise('a signal reaches the program; its exit is told once, and listed', async (test) => {
      await using runtime = await test.open()
      const heard = hear(runtime)
      const started = await begin(runtime, test.plan('one', 'ends on TERM with 3'))
      await test.until(terminated(runtime, 'one', heard))
      const exited = await listed(runtime, 'one')
      assert.deepEqual(heard, [exited])
      assert.ok(exited?.is === 'exited' && exited.finishedAtMs >= exited.startedAtMs)
      const { exitCode, outOfMemory, startedAtMs } = exited
      assert.deepEqual({ exitCode, outOfMemory, startedAtMs }, { exitCode: 3, outOfMemory: false, ...at(started) })
    })

    promise('an exit by itself has its own code', async (test) => {
      await using runtime = await test.open()
      const heard = hear(runtime)
      await begin(runtime, test.plan('one', 'ends with 7'))
      await test.until(() => heard.length > 0)
      assert.deepEqual(
        heard.map(({ id, exitCode }) => [id, exitCode]),
        [['one', 7]],
      )
    })

    promise('KILL ends what ignores TERM', async (test) => {
      await using runtime = await test.open()
      const heard = hear(runtime)
      await begin(runtime, test.plan('one', 'ignores TERM'))
      await runtime.signal('one', SIGTERM)
      assert.equal((await listed(runtime, 'one'))?.is, 'running')
      await runtime.signal('one', SIGKILL)
      await test.until(() => heard.length > 0)
      assert.deepEqual(
        heard.map(({ exitCode }) => exitCode),
        [137],
      )
    })

    promise('a log can be rotated while its container runs; later there is nothing to do', async (test) => {
      await using runtime = await test.open()
      const heard = hear(runtime)
      const plan = test.plan('one', 'ends on TERM with 3')
      await begin(runtime, plan)
      await runtime.rotateLog({ id: 'one', keptAs: `${plan.logFile}.1` }, never)
      await test.until(terminated(runtime, 'one', heard))
      await runtime.rotateLog({ id: 'one', keptAs: `${plan.logFile}.2` }, never)
      await runtime.remove('one')
      await runtime.rotateLog({ id: 'one', keptAs: `${plan.logFile}.3` }, never)
    })

    promise('a container that is killed before its start never ran', async (test) => {
      await using runtime = await test.open()
      await runtime.create(test.plan('one', 'ends with 7'), never)
      await runtime.signal('one', SIGKILL)
      await test.until(isExited(runtime, 'one'))
      const record = await listed(runtime, 'one')
      assert.ok(record?.is === 'exited')
      assert.deepEqual([record.exitCode, record.startedAtMs], [137, 0])
      await assert.rejects(runtime.start('one'), reason('StartError'))
    })

    promise('a program that is not there is a StartError, and leaves nothing', async (test) => {
      await using runtime = await test.open()
      await assert.rejects(begin(runtime, test.plan('one', 'is not there')), reason('StartError'))
      await runtime.remove('one')
      assert.deepEqual(await runtime.list(), [])
    })

    promise('an ID is taken until its container is removed', async (test) => {
      await using runtime = await test.open()
      await begin(runtime, test.plan('one', 'ends on TERM with 3'))
      await assert.rejects(runtime.create(test.plan('one', 'ends with 7'), never), reason('AlreadyExists'))
      assert.equal((await listed(runtime, 'one'))?.is, 'running')
      await runtime.remove('one')
      assert.deepEqual(await runtime.list(), [])
      const heard = hear(runtime)
      await begin(runtime, test.plan('one', 'ends with 7'))
      await test.until(() => heard.length > 0)
      assert.deepEqual(
        heard.map(({ exitCode }) => exitCode),
        [7],
      )
    })

    promise('start is for created containers only', async (test) => {
      await using runtime = await test.open()
      await assert.rejects(runtime.start('nobody'), reason('StartError'))
      await begin(runtime, test.plan('one', 'ends on TERM with 3'))
      await assert.rejects(runtime.start('one'), reason('StartError'))
    })

    promise('signal and remove are content with a container that is gone', async (test) => {
      await using runtime = await test.open()
      await runtime.signal('nobody', SIGTERM)
      await runtime.signal('nobody', SIGKILL)
      await runtime.remove('nobody')
      await begin(runtime, test.plan('one', 'ends with 7'))
      await test.until(isExited(runtime, 'one'))
      await runtime.signal('one', SIGTERM)
      await runtime.remove('one')
      await runtime.remove('one')
      assert.deepEqual(await runtime.list(), [])
    })

    promise('remove kills what runs, and tells its exit', async (test) => {
      await using runtime = await test.open()
      const heard = hear(runtime)
      await begin(runtime, test.plan('one', 'ignores TERM'))
      await Promise.all([runtime.remove('one'), runtime.remove('one')])
      assert.deepEqual(
        heard.map(({ id, exitCode }) => [id, exitCode]),
        [['one', 137]],
      )
      assert.deepEqual(await runtime.list(), [])
    })

    promise('create stops when it is told to', async (test) => {
      await using runtime = await test.open()
      const stop = new AbortController()
      stop.abort()
      await assert.rejects(runtime.create(test.plan('one', 'ends with 7'), stop.signal), reason('Interrupted'))
      assert.deepEqual(await runtime.list(), [])
    })

    const request = (
      test: RuntimeUnderTest,
      program: ContractExec,
      change: Partial<ExecRequest> = {},
    ): ExecRequest => ({
      ...test.exec(program),
      workingDir: '/',
      timeoutMs: 20_000,
      signal: never,
      ...change,
    })
    const settled = async <T>(test: RuntimeUnderTest, wanted: Promise<T>): Promise<T> => {
      let done = false
      const end = () => (done = true)
      wanted.then(end, end)
      await test.until(() => done)
      return wanted
    }

    promise('exec runs a program beside the first one, and tells its code and output', async (test) => {
      await using runtime = await test.open()
      await begin(runtime, test.plan('one', 'ignores TERM'))
      const result = await settled(test, runtime.exec('one', request(test, 'says hello, ends with 4')))
      assert.deepEqual(result, { exitCode: 4, output: 'hello\n', timedOut: false })
      assert.equal((await listed(runtime, 'one'))?.is, 'running')
    })

    promise('exec kills a program whose time is up, and nothing else', async (test) => {
      await using runtime = await test.open()
      await begin(runtime, test.plan('one', 'ignores TERM'))
      const late = request(test, 'says hello, never ends', { timeoutMs: 1_000 })
      const result = await settled(test, runtime.exec('one', late))
      assert.deepEqual(result, { exitCode: 137, output: 'hello\n', timedOut: true })
      assert.equal((await listed(runtime, 'one'))?.is, 'running')
    })

    promise('exec ends with its container, and on abort', async (test) => {
      await using runtime = await test.open()
      await begin(runtime, test.plan('one', 'ignores TERM'))
      const stop = new AbortController()
      const aborted = runtime.exec('one', request(test, 'says hello, never ends', { signal: stop.signal }))
      const orphaned = runtime.exec('one', request(test, 'says hello, never ends', { timeoutMs: Infinity })).then(
        ({ exitCode }) => `ended with ${exitCode}`,
        (error: unknown) => (error as Failure).reason,
      )
      stop.abort()
      await assert.rejects(settled(test, aborted), reason('Interrupted'))
      await assert.rejects(
        runtime.exec('one', request(test, 'says hello, never ends', { signal: stop.signal })),
        reason('Interrupted'),
      )
      await runtime.signal('one', SIGKILL)
      assert.equal(await settled(test, orphaned), 'NotFound')
    })

    promise(
      'exec of a program that is not there is a StartError; without a running container NotFound',
      async (test) => {
        await using runtime = await test.open()
        const missing = request(test, 'is not there')
        await assert.rejects(runtime.exec('nobody', missing), reason('NotFound'))
        await runtime.create(test.plan('one', 'ignores TERM'), never)
        await assert.rejects(runtime.exec('one', missing), reason('NotFound'))
        await runtime.start('one')
        await assert.rejects(settled(test, runtime.exec('one', missing)), reason('StartError'))
      },
    )

    promise('limits of a running container can be changed; of one that does not run they are none', async (test) => {
      await using runtime = await test.open()
      const limits = { cpuShares: 512, cpuQuotaUs: 50_000, cpuPeriodUs: 100_000, memoryLimitBytes: 67_108_864 }
      await runtime.create(test.plan('one', 'ignores TERM'), never)
      await assert.rejects(runtime.updateResources('one', limits), reason('NotFound'))
      await runtime.start('one')
      await runtime.updateResources('one', limits)
      await runtime.updateResources('one', { cpuShares: 2 })
      assert.equal((await listed(runtime, 'one'))?.is, 'running')
      await runtime.signal('one', SIGKILL)
      await test.until(isExited(runtime, 'one'))
      await assert.rejects(runtime.updateResources('one', limits), reason('NotFound'))
      await assert.rejects(runtime.updateResources('nobody', limits), reason('NotFound'))
    })

    promise('a listener that was taken away hears nothing; each of two others hears all', async (test) => {
      await using runtime = await test.open()
      const [first, second] = [hear(runtime), hear(runtime)]
      const third: Exited[] = []
      const stop = runtime.onExit((record) => third.push(record))
      stop()
      await Promise.all(['a', 'b', 'c'].map((id) => begin(runtime, test.plan(id, 'ends with 7'))))
      await test.until(() => first.length === 3 && second.length === 3)
      assert.deepEqual([first.map(({ id }) => id).toSorted(), third], [['a', 'b', 'c'], []])
    })

    promise('containers outlive the runtime that made them; the next one has them all', async (test) => {
      {
        await using runtime = await test.open()
        await begin(runtime, test.plan('running', 'ends on TERM with 3'))
        await begin(runtime, test.plan('ended', 'ends with 7'))
        await runtime.create(test.plan('created', 'ends with 7'), never)
        await test.until(isExited(runtime, 'ended'))
        await begin(runtime, test.plan('between', 'ends on TERM with 3'))
      }
      await using runtime = await test.open()
      const heard = hear(runtime)
      const states = Object.fromEntries((await runtime.list()).map((record) => [record.id, record.is]))
      assert.deepEqual(states, { running: 'running', ended: 'exited', created: 'created', between: 'running' })
      await test.until(terminated(runtime, 'running', heard))
      await runtime.start('created')
      await test.until(() => heard.length === 2)
      assert.deepEqual(
        heard.map(({ id, exitCode }) => [id, exitCode]),
        [
          ['running', 3],
          ['created', 7],
        ],
      )
      await Promise.all(['running', 'ended', 'created', 'between'].map((id) => runtime.remove(id)))
      assert.deepEqual(await runtime.list(), [])
    })
  })
}

function at(started: ContainerRecord & { readonly startedAtMs: number }): { startedAtMs: number } {
  return { startedAtMs: started.startedAtMs }
}

function reason(wanted: Failure['reason']): { reason: Failure['reason'] } {
  return { reason: wanted }
}
