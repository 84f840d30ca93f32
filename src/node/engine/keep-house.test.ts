import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../failure.ts'
import { VirtualClock } from '../../machine/runtime/fake/virtual-clock.ts'
import { type Chore, keepHouse } from './keep-house.ts'

describe('keepHouse', () => {
  it('does each chore at its period; ends with the signal', async () => {
    const clock = new VirtualClock()
    const stop = new AbortController()
    const done: string[] = []
    const chore = (what: string, everyMs: number, more: Partial<Chore> = {}): Chore => ({
      what,
      everyMs,
      ...more,
      work: () => Promise.resolve(done.push(what)),
    })
    const log = (line: string): void => assert.fail(line)
    const running = keepHouse(
      [chore('often', 1_000), chore('seldom', 2_400), chore('late', 9_000, { afterMs: 3_500 })],
      { clock, log },
      stop.signal,
    )
    assert.deepEqual(done.splice(0), ['often', 'seldom'])
    for (let second = 0; second < 5; second += 1) await clock.advance(1_000)
    assert.deepEqual(done.splice(0), ['often', 'often', 'seldom', 'often', 'late', 'often', 'seldom', 'often'])
    stop.abort()
    await running
    await clock.advance(10_000)
    assert.deepEqual(done, [])
  })

  it('tells once what keeps failing, again when it fails after it did not, and goes on', async () => {
    const clock = new VirtualClock()
    const stop = new AbortController()
    const told: string[] = []
    const outcomes = ['disk full', 'disk full', '', 'disk full', 'gone']
    const work = (): Promise<void> => {
      const outcome = outcomes.shift() ?? ''
      return outcome === '' ? Promise.resolve() : Promise.reject(new Failure('StateCorrupt', outcome))
    }
    const chores = [{ what: 'sweep', everyMs: 1_000, work }]
    const running = keepHouse(chores, { clock, log: (line) => void told.push(line) }, stop.signal)
    for (let second = 0; second < 5; second += 1) await clock.advance(1_000)
    assert.deepEqual(told, ['sweep: disk full', 'sweep: disk full', 'sweep: gone'])
    assert.deepEqual(outcomes, [])
    stop.abort()
    await running
  })
})
