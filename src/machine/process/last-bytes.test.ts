import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { LastBytes } from './last-bytes.ts'

describe('LastBytes', () => {
  const keep = (limitBytes: number, ...chunks: string[]) => {
    const last = new LastBytes(limitBytes)
    for (const chunk of chunks) last.add(Buffer.from(chunk))
    return last.text()
  }

  it('keeps all of what is short, and the end of what is long', () => {
    assert.equal(keep(5), '')
    assert.equal(keep(5, 'ab', 'cde'), 'abcde')
    assert.equal(keep(5, 'ab', 'cde', 'f'), 'bcdef')
    assert.equal(keep(5, '0123456789'), '56789')
    assert.equal(keep(5, 'x', 'ää', 'ää'), 'ää')
  })

  it('is the end of the whole text, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 9 })), fc.nat(40), (chunks, limit) => {
        const kept = keep(limit, ...chunks)
        assert.ok(chunks.join('').endsWith(kept))
        assert.ok(Buffer.byteLength(kept) <= limit)
        const short = Buffer.byteLength(chunks.join('')) <= limit
        assert.ok(short ? kept === chunks.join('') : Buffer.byteLength(kept) > limit - 4)
      }),
    )
  })
})
