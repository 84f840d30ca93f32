import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { advance, LOG_START, skipRead } from './resume-point.ts'
import { splitLog, type LogLine } from './split-log.ts'

const PIECE_BYTES = 64 * 1024
const TIME = '2026-11-20T10:00:00.123456789Z'

/** A log in chunks that end at these places; `brokenAt` breaks the connection there. */
async function* chunksOf(log: Buffer, cuts: readonly number[], brokenAt?: number): AsyncGenerator<Buffer> {
  const end = brokenAt ?? log.length
  const places = [...cuts.filter((cut) => cut < end).sort((left, right) => left - right), end]
  let from = 0
  for (const place of places) {
    await Promise.resolve()
    yield log.subarray(from, place)
    from = place
  }
  if (brokenAt !== undefined) throw new Error('connection broke')
}

async function collect(chunks: AsyncIterable<Buffer>, hasStreamNames = false): Promise<LogLine[]> {
  const all: LogLine[] = []
  for await (const lines of splitLog(chunks, { hasStreamNames })) all.push(...lines)
  return all
}

describe('splitLog', () => {
  const CASES: [rule: string, log: string, lines: [time: string, text: string, partial: boolean][]][] = [
    ['no output', '', []],
    [
      'lines',
      `${TIME} a\n${TIME} b c\n`,
      [
        [TIME, 'a', false],
        [TIME, 'b c', false],
      ],
    ],
    ['an empty line is a line', `${TIME} \n`, [[TIME, '', false]]],
    ['a last line without its end', `${TIME} $ `, [[TIME, '$ ', false]]],
    ['a zone', `2026-11-20T10:00:00.1+02:00 a\n`, [['2026-11-20T10:00:00.1+02:00', 'a', false]]],
    ['what has no instant is text', 'oops: no log\n', [['', 'oops: no log', false]]],
    [
      'a long line in pieces of one instant',
      `${TIME} ${'x'.repeat(PIECE_BYTES)}y\n${TIME} z\n`,
      [
        [TIME, 'x'.repeat(PIECE_BYTES - TIME.length - 1), true],
        [TIME, `${'x'.repeat(TIME.length + 1)}y`, false],
        [TIME, 'z', false],
      ],
    ],
  ]
  for (const [rule, log, lines] of CASES) {
    it(rule, async () => {
      const split = await collect(chunksOf(Buffer.from(log), []))
      assert.deepEqual(
        split.map((line) => [line.time, line.bytes.toString(), line.partial]),
        lines,
      )
    })
  }

  it('takes the stream where the server tells it, and only there', async () => {
    const log = Buffer.from(`${TIME} stderr a\n${TIME} stdout ${'x'.repeat(PIECE_BYTES)}\n${TIME} stdout\n`)
    const named = await collect(chunksOf(log, []), true)
    assert.deepEqual(
      named.map(({ stream, partial }) => [stream, partial]),
      [
        ['stderr', false],
        ['stdout', true],
        ['stdout', false],
        [undefined, false],
      ],
    )
    assert.equal(named[0]?.bytes.toString(), 'a')
    const [plain] = await collect(chunksOf(log, []))
    assert.deepEqual([plain?.stream, plain?.bytes.toString()], [undefined, 'stderr a'])
  })

  it('keeps bytes that are no text', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0xc3, 0x0d])
    const [line] = await collect(chunksOf(Buffer.concat([Buffer.from(`${TIME} `), bytes, Buffer.from('\n')]), []))
    assert.deepEqual(line?.bytes, bytes)
  })
})

/** Lines of which many share an instant, as those of one read do. */
const arbitraryLog = fc
  .array(
    fc.record({ text: fc.string({ maxLength: 12 }).map((text) => text.replaceAll('\n', ' ')), isLater: fc.boolean() }),
  )
  .map((entries) => {
    let tick = 0
    return entries.map(({ text, isLater }) => {
      tick += isLater ? 1 : 0
      // Go leaves out the zeros at the end of a fraction, and the fraction of a whole second.
      const fraction = `${tick % 4}00`.replace(/0+$/, '')
      const time = `2026-11-20T10:00:0${Math.floor(tick / 4) % 10}${fraction === '' ? '' : `.${fraction}`}Z`
      return `${time} ${text}`
    })
  })
  .filter((lines) => lines.length < 40)

describe('a log that is taken up again', () => {
  it('gives every line once, wherever the connection breaks', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryLog,
        fc.array(fc.nat(1_000)),
        fc.array(fc.nat(1_000), { maxLength: 4 }),
        async (lines, cuts, breaks) => {
          const log = Buffer.from(lines.map((line) => `${line}\n`).join(''))
          let point = LOG_START
          const read: string[] = []
          for (const brokenAt of [...breaks.map((at) => Math.min(at, log.length)), undefined]) {
            const fresh = skipRead(point)
            try {
              for await (const batch of splitLog(chunksOf(log, cuts, brokenAt), { hasStreamNames: false })) {
                const unread = fresh(batch)
                point = advance(point, unread)
                read.push(...unread.map((line) => `${line.time} ${line.bytes.toString()}`))
              }
            } catch (error) {
              assert.equal((error as Error).message, 'connection broke')
            }
          }
          assert.deepEqual(read, lines)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('a clock that was set back later costs no line', () => {
    const line = (time: string): LogLine => ({ time, bytes: Buffer.from(time), partial: false })
    const [early, late] = [line('2026-11-20T09:00:00Z'), line('2026-11-20T10:00:00Z')]
    const fresh = skipRead(advance(LOG_START, [late]))
    assert.deepEqual(
      fresh([late, line('2026-11-20T10:00:01Z'), early]).map((one) => one.time),
      ['2026-11-20T10:00:01Z', early.time],
    )
    assert.deepEqual(fresh([early]), [early])
  })
})
