import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type Bench, openBench } from './engine-bench.ts'
import { textOf } from './logs/log-model.ts'
import { openPodLog } from './open-pod-log.ts'
import { testContainer } from './test-pod.ts'

const NEVER = new AbortController().signal

/** What the log of the container's newest instance, or of the one before, has. */
function read(bench: Bench, previous: boolean): Promise<string> {
  assert.ok(bench.pod !== undefined)
  const request = { container: 'app', follow: false, previous, timestamps: false, streamNames: false, signal: NEVER }
  return textOf(openPodLog(bench.engine, bench.pod, request))
}

/** As the monitor of that run would. */
function writeLog(bench: Bench, instance: number): void {
  const folder = join(bench.podDirectory, 'logs', 'app')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${instance}.log`), `t stdout F run ${instance}\n`)
}

describe('openPodLog', () => {
  it('has the newest run and the one before; in the back-off after the first, that is both', async () => {
    await using bench = await openBench({ app: [{ exitsAfterMs: 5, exitCode: 1 }, {}] })
    await bench.create({ restartPolicy: 'Always' })
    const state = () => bench.status('app')?.state
    await bench.until('it runs', () => state()?.running !== undefined)
    writeLog(bench, 0)
    assert.throws(() => read(bench, true), /previous terminated container "app" in pod "web" not found/)
    await bench.clock.advance(5)
    await bench.until('it waits', () => bench.status('app')?.lastState?.terminated !== undefined)
    assert.equal(await read(bench, true), 'run 0\n')
    await bench.clock.advance(20_000)
    await bench.until('it runs again', () => state()?.running !== undefined && bench.status('app')?.restartCount === 1)
    writeLog(bench, 1)
    assert.equal(await read(bench, false), 'run 1\n')
    assert.equal(await read(bench, true), 'run 0\n')
  })

  it('there is none before the first start', async () => {
    await using bench = await openBench({ first: [{}] })
    await bench.create({ initContainers: [testContainer({ name: 'first' })] })
    await bench.until('the init container runs', () => bench.status('first')?.state?.running !== undefined)
    assert.throws(() => read(bench, false), /container "app" in pod "web" is waiting to start: ContainerCreating/)
  })
})
