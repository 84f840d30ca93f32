import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  decodeAttributes,
  decodeMessages,
  encodeMessage,
  text,
  textOf,
  uint32,
  withAttributes,
} from './netlink-message.ts'

describe('netlink messages', () => {
  it('are laid out as netlink(7) says, padded to four bytes', () => {
    const body = withAttributes(Buffer.from([2, 0, 0, 0]), [
      [3, text('lo')],
      [18, [[1, uint32(7)]]],
    ])
    const bytes = encodeMessage({ type: 16, flags: 5, body }, 9)
    const expected =
      '280000001000050009000000' +
      '00000000' +
      '02000000' +
      '07000300' +
      '6c6f0000' +
      '0c001280' +
      '08000100' +
      '07000000'
    assert.equal(bytes.toString('hex'), expected)
  })

  it('are read back, several to a datagram', () => {
    const one = encodeMessage({ type: 1, flags: 2, body: withAttributes(new Uint8Array(), [[3, text('eth0')]]) }, 4)
    const other = encodeMessage({ type: 5, flags: 6, body: new Uint8Array([1, 2, 3, 4]) }, 7)
    const [first, second] = decodeMessages(Buffer.concat([one, other]))
    assert.deepEqual([first?.type, first?.flags, first?.sequence], [1, 2, 4])
    assert.equal(textOf(decodeAttributes(first?.body ?? new Uint8Array()).get(3)), 'eth0')
    assert.deepEqual(
      [second?.type, second?.sequence, Buffer.from(second?.body ?? [])],
      [5, 7, Buffer.from([1, 2, 3, 4])],
    )
  })

  it('a length that makes no sense does not read forever', () => {
    assert.equal(decodeMessages(Buffer.alloc(64)).length, 4)
    assert.equal(decodeAttributes(Buffer.alloc(8)).size, 1)
  })
})
