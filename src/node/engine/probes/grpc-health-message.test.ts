import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeHealthCheckResponse, encodeHealthCheckRequest } from './grpc-health-message.ts'

const frame = (...message: number[]) => Buffer.from([0, 0, 0, 0, message.length, ...message])

describe('messages of the gRPC health protocol (P11)', () => {
  it('asks for a service, or for all', () => {
    assert.deepEqual(encodeHealthCheckRequest(''), frame())
    assert.deepEqual(encodeHealthCheckRequest('a.B'), frame(0x0a, 3, 0x61, 0x2e, 0x42))
    const long = encodeHealthCheckRequest('x'.repeat(300))
    assert.deepEqual([...long.subarray(0, 8)], [0, 0, 0, 1, 47, 0x0a, 0xac, 0x02])
  })

  const rows: [rule: string, frame: Buffer, status: string | undefined][] = [
    ['no field is the zero value', frame(), 'UNKNOWN'],
    ['serving', frame(0x08, 1), 'SERVING'],
    ['not serving', frame(0x08, 2), 'NOT_SERVING'],
    ['unknown service', frame(0x08, 3), 'SERVICE_UNKNOWN'],
    ['a status of a newer protocol', frame(0x08, 9), '9'],
    ['the last one counts', frame(0x08, 2, 0x08, 1), 'SERVING'],
    [
      'fields of a newer protocol are passed over',
      frame(0x12, 2, 7, 7, 0x18, 0x80, 1, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 0x2d, 1, 2, 3, 4, 0x08, 1),
      'SERVING',
    ],
    ['nothing', Buffer.alloc(0), undefined],
    ['compressed', Buffer.from([1, 0, 0, 0, 2, 0x08, 1]), undefined],
    ['cut off', frame(0x08, 1).subarray(0, 6), undefined],
    ['a value that is cut off', frame(0x08), undefined],
    ['a length beyond the end', frame(0x12, 9, 1), undefined],
    ['a group', frame(0x0b), undefined],
  ]
  for (const [rule, bytes, status] of rows) {
    it(`reads ${rule}`, () => assert.equal(decodeHealthCheckResponse(bytes), status))
  }

  it('reads anything without harm', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void decodeHealthCheckResponse(frame(...bytes))))
  })
})
