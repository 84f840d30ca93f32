import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { lastOfLog } from '../termination-message.ts'
import { parseCriLine } from './cri-log.ts'

describe('parseCriLine', () => {
  it('reads time, stream, wholeness and text', () => {
    assert.deepEqual(parseCriLine('2026-11-20T10:00:00.123456789+00:00 stderr P half a  line'), {
      time: '2026-11-20T10:00:00.123456789+00:00',
      stream: 'stderr',
      partial: true,
      text: 'half a  line',
    })
  })

  for (const line of ['', 'half', '2026 stdout X text', '2026 stdout']) {
    it(`is not taken in by ${JSON.stringify(line)}`, () => assert.equal(parseCriLine(line), undefined))
  }
})

describe('lastOfLog (H11)', () => {
  it('joins pieces to lines and keeps the last 80 lines', () => {
    const log = Array.from({ length: 100 }, (_, index) => `t stdout F line ${index}\n`).join('')
    assert.equal(lastOfLog(log).split('\n').length, 81)
    assert.equal(lastOfLog('t stdout P a\nt stdout F b\n'), 'ab\n')
  })

  it('keeps the last 2048 bytes', () => assert.equal(lastOfLog(`t stdout F ${'x'.repeat(5000)}\n`).length, 2048))
})
