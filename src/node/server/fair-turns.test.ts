import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FairTurns } from './fair-turns.ts'

describe('turns are fair', () => {
  it('who comes while nothing else is done does not wait', () => {
    const turns = new FairTurns()
    assert.equal(turns.take('a'), undefined)
    assert.equal(turns.take('a'), undefined)
  })

  it('who comes after many requests of another user waits for one of them', async () => {
    const turns = new FairTurns()
    const order: string[] = []
    const answer = async (user: string): Promise<void> => {
      await turns.take(user)
      order.push(user)
      work()
    }
    assert.equal(turns.take('flood'), undefined)
    work()
    const flood = Array.from({ length: 20 }, () => answer('flood'))
    const few = Array.from({ length: 3 }, () => answer('few'))
    await Promise.all(few)
    assert.deepEqual(order, ['flood', 'few', 'flood', 'few', 'flood', 'few'])
    await Promise.all(flood)
    assert.equal(order.length, 23)
  })

  it('once all had their turn nobody waits again', async () => {
    const turns = new FairTurns()
    await turns.take('a')
    work()
    await turns.take('a')
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal(turns.take('a'), undefined)
  })
})

/** Keeps the processor for longer than a slice. */
function work(): void {
  const untilMs = performance.now() + 6
  while (performance.now() < untilMs);
}
