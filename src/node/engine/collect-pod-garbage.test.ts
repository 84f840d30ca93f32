import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type Bench, openBench } from './engine-bench.ts'
import { testContainer } from './test-pod.ts'

const RESTARTS = 50
const LONGEST_BACK_OFF_MS = 300_000
/** Shorter than what the back-off forgives after; longer than it. */
const RUNS_FOR_MS = 500_000

function names(bench: Bench, folder: string): string[] {
  return readdirSync(join(bench.podDirectory, folder)).sort()
}

/** Restarts the container until it was restarted that often, and writes a log for each run, as its monitor would. */
async function crashTimes(bench: Bench, restarts: number): Promise<void> {
  for (let count = 0; count < restarts; count += 1) {
    await bench.until('it runs', () => bench.status('app')?.state?.running !== undefined)
    writeFileSync(join(bench.podDirectory, 'logs', 'app', `${count}.log`), '')
    writeFileSync(join(bench.podDirectory, 'logs', 'app', `${count}.log.20260101-000000`), '')
    await bench.clock.advance(RUNS_FOR_MS)
    const isAgain = (): boolean => bench.status('app')?.restartCount === count + 1
    await bench.until('it has ended', () => isAgain() || bench.status('app')?.state?.running === undefined)
    if (!isAgain()) await bench.clock.advance(LONGEST_BACK_OFF_MS)
    await bench.until('it was restarted', isAgain)
  }
  await bench.until('it runs', () => bench.status('app')?.state?.running !== undefined)
}

describe('dead containers', () => {
  it(`of a crash loop leave the same on disk after ${RESTARTS} restarts as after one`, async () => {
    await using bench = await openBench({ app: [{ exitsAfterMs: RUNS_FOR_MS, exitCode: 1 }] })
    await bench.create({ containers: [testContainer(), testContainer({ name: 'app-0' })] })
    await crashTimes(bench, RESTARTS)
    // They go beside the loop.
    await bench.until(
      'older files are gone',
      () => names(bench, 'staging').length + names(bench, 'logs/app').length === 4,
    )
    assert.deepEqual(names(bench, 'staging'), ['app-0-0-0', `app-0-${RESTARTS}`])
    assert.deepEqual(names(bench, 'logs/app'), [`${RESTARTS - 1}.log`, `${RESTARTS - 1}.log.20260101-000000`])
    assert.equal(bench.status('app')?.lastState?.terminated?.exitCode, 1)
  })

  it('leave the runtime when their end is on the record, and the others alone', async () => {
    await using bench = await openBench({ init: [{ exitsAfterMs: 5 }], once: [{ exitsAfterMs: 5 }] })
    await bench.create({
      restartPolicy: 'OnFailure',
      initContainers: [testContainer({ name: 'init' })],
      containers: [testContainer({ name: 'once' }), testContainer({ name: 'app' })],
    })
    await bench.until('init runs', () => bench.status('init')?.state?.running !== undefined)
    await bench.clock.advance(5)
    await bench.until('the apps run', () => bench.status('app')?.state?.running !== undefined)
    await bench.until('once runs', () => bench.status('once')?.state?.running !== undefined)
    await bench.clock.advance(5)
    await bench.until('once has ended', () => bench.status('once')?.state?.terminated !== undefined)
    await bench.until('only app is left', () => bench.containers.join() === 'app-0-0')
    assert.equal(bench.status('init')?.state?.terminated?.exitCode, 0)
    assert.equal(bench.status('once')?.state?.terminated?.exitCode, 0)
  })
})
