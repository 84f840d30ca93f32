import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { DueQueue } from './due-queue.ts'

describe('DueQueue', () => {
  it('gives what is due, earliest first, whatever comes in between', () => {
    const step = fc.oneof(fc.record({ addAtMs: fc.nat(50) }), fc.record({ takeAtMs: fc.nat(50) }))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new DueQueue<number>()
        let model: number[] = []
        for (const one of steps) {
          if ('addAtMs' in one) {
            queue.add(one.addAtMs, one.addAtMs)
            model = [...model, one.addAtMs].toSorted((a, b) => a - b)
          } else {
            const [first] = model
            const due = first !== undefined && first <= one.takeAtMs
            assert.equal(queue.takeDue(one.takeAtMs), due ? first : undefined)
            if (due) model = model.slice(1)
          }
          assert.equal(queue.nextAtMs, model[0] ?? Infinity)
        }
      }),
    )
  })
})
