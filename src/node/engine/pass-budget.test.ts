import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describe, it } from 'node:test'
import { Failure } from '../../failure.ts'
import { type Bench, openBench } from './engine-bench.ts'
import { PassBudget } from './pass-budget.ts'
import { testPod } from './test-pod.ts'

const HOUR_MS = 3_600_000
const { uid } = testPod().metadata

describe('PassBudget', () => {
  const takeMany = (budget: PassBudget, count: number, nowMs: number): number =>
    Array.from({ length: count }, () => budget.take(nowMs)).at(-1) ?? nowMs

  it('lets many passes follow each other, then one each 50 ms', () => {
    const budget = new PassBudget()
    assert.equal(takeMany(budget, 500, 1_000_000), 1_000_000)
    assert.equal(budget.take(1_000_000), 1_000_050)
    assert.equal(budget.take(1_000_050), 1_000_100)
  })

  it('has all of it again after a rest', () => {
    const budget = new PassBudget()
    takeMany(budget, 500, 1_000_000)
    assert.equal(takeMany(budget, 500, 1_025_000), 1_025_000)
  })

  it('forgets what was paid before the clock was set back', () => {
    const budget = new PassBudget()
    takeMany(budget, 10, 1_000_000 + HOUR_MS)
    assert.equal(budget.take(1_000_000), 1_000_050)
  })
})

/** Calls back at the end of each pass of the pod's loop. @returns how many there were. */
function countPasses(bench: Bench, atEach: () => void = () => undefined): () => number {
  const world = bench.engine.world(uid)
  assert.ok(world !== undefined)
  const { wake } = world
  const wait = wake.wait.bind(wake)
  const begin = world.begin.bind(world)
  let steps = 0
  world.begin = (step) => {
    steps += 1
    begin(step.finally(() => (steps -= 1)))
  }
  let passes = 0
  // It sleeps now, or is about to.
  let isAsleep = true
  wake.wait = async (untilMs, signal) => {
    passes += 1
    isAsleep = true
    atEach()
    await wait(untilMs, signal)
    isAsleep = false
  }
  sleeping.set(bench, () => isAsleep && steps === 0)
  return () => passes
}

const sleeping = new WeakMap<Bench, () => boolean>()
const QUIET_TURNS = 20
const MOST_TURNS = 20_000

/** Time goes by in steps, and what each step sets off settles: files are real ones, which take what time they take. */
async function live(bench: Bench, forMs: number, stepMs: number): Promise<void> {
  const isAsleep = sleeping.get(bench) ?? (() => true)
  for (let lived = 0; lived < forMs; lived += stepMs) {
    await bench.clock.advance(stepMs)
    for (let turn = 0, quiet = 0; quiet < QUIET_TURNS && turn < MOST_TURNS; turn += 1) {
      await bench.clock.advance(0)
      quiet = isAsleep() ? quiet + 1 : 0
    }
  }
}

describe('the loop of a pod sleeps', () => {
  it('while nothing changes: not one pass in an hour', async () => {
    await using bench = await openBench({ app: [{}] })
    await bench.create({})
    await bench.until('it runs', () => bench.status('app')?.state?.running !== undefined)
    await live(bench, 1_000, 1_000)
    const passes = countPasses(bench)
    await live(bench, HOUR_MS, HOUR_MS / 10)
    assert.equal(passes(), 0)
  })

  it('while the disk is full: one pass each second, until there is room', async () => {
    await using bench = await openBench({ app: [{ exitsAfterMs: 500 }, {}] })
    await bench.create({})
    await bench.until('it runs', () => bench.status('app')?.state?.running !== undefined)
    const { store } = bench
    const modify = store.modify.bind(store)
    store.modify = () => Promise.reject(new Failure('ServiceUnavailable', 'write the state: the disk is full'))
    const passes = countPasses(bench)
    await live(bench, 60_000, 1_000)
    assert.ok(passes() >= 55 && passes() <= 75, `${passes()} passes in a minute`)
    store.modify = modify
    await live(bench, 2_000, 1_000)
    // The record on disk is a real one: how many turns it takes to write is the machine's matter.
    await bench.until('it is told', () => bench.status('app')?.restartCount === 1)
    await live(bench, 5_000, 1_000)
    const before = passes()
    await live(bench, 60_000, 1_000)
    assert.equal(passes(), before)
    assert.deepEqual(bench.complaints.splice(0), ['pod default/web: tell how it is: write the state: the disk is full'])
  })

  it('while its sandbox cannot be made: some passes each ten seconds', async () => {
    await using bench = await openBench({ app: [{}] })
    // Where the folders of pods are to be, somebody has put a file.
    const folders = dirname(bench.podDirectory)
    await writeFile(folders, '')
    await bench.create({})
    await bench.until('it failed', () => bench.events.includes('FailedMount'))
    const passes = countPasses(bench)
    await live(bench, 100_000, 1_000)
    assert.ok(passes() >= 10 && passes() <= 40, `${passes()} passes in 100 s`)
    await rm(folders)
    await mkdir(folders)
    await live(bench, 10_000, 1_000)
    await bench.until('it runs', () => bench.status('app')?.state?.running !== undefined)
  })

  it('even if something changes after each pass', async () => {
    await using bench = await openBench({ app: [{}] })
    await bench.create({})
    await bench.until('it runs', () => bench.status('app')?.state?.running !== undefined)
    const passes = countPasses(bench, () => bench.engine.world(uid)?.wake.notify())
    // It sleeps elsewhere, for want of budget.
    sleeping.delete(bench)
    bench.engine.world(uid)?.wake.notify()
    await live(bench, 60_000, 50)
    assert.ok(passes() >= 1_000 && passes() <= 1_800, `${passes()} passes in a minute`)
    assert.deepEqual(bench.complaints.splice(0), [
      'pod default/web: changes all the time: it is looked at 20 times a second from now on',
    ])
  })
})
