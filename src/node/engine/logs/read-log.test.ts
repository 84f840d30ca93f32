import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { aWriter, arbitraryEntry, entryText, linesOf, parseEntries, textOf } from './log-model.ts'
import type { LogOptions } from './read-log.ts'
import { readLog } from './read-log.ts'

const NEVER = new AbortController().signal

describe('readLog', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'peapod-log-'))
  })
  after(() => rm(folder, { recursive: true }))

  const file = (): string => join(folder, '0.log')
  const plain: LogOptions = { timestamps: false, signal: NEVER }

  const CASES: [rule: string, log: string, options: Partial<LogOptions>, text: string][] = [
    ['joins pieces to a line', 't stdout P ab\nt stdout F c\n', {}, 'abc\n'],
    ['a piece has no timestamp of its own', 't1 stdout P a\nt2 stdout F b\n', { timestamps: true }, 't1 ab\n'],
    ['a character in two pieces stays whole', 't stdout P \xc3\nt stdout F \xa4\n', {}, '\xc3\xa4\n'],
    ['a stream does not run into the line of the other', 't stdout P a\nt stderr F e\nt stdout F b\n', {}, 'e\nab\n'],
    ['the last line may have no end', 't stdout F a\nt stdout P b\n', { timestamps: true }, 't a\nt b'],
    ['both streams as they came', 't stdout F out\nt stderr F err\n', {}, 'out\nerr\n'],
    ['with timestamps', '2026-01-01T00:00:00Z stdout F x\n', { timestamps: true }, '2026-01-01T00:00:00Z x\n'],
    ['the last lines', 't stdout F a\nt stdout F b\nt stdout F c\n', { tailLines: 2 }, 'b\nc\n'],
    ['more last lines than there are', 't stdout F a\n', { tailLines: 5 }, 'a\n'],
    ['no last lines', 't stdout F a\n', { tailLines: 0 }, ''],
    [
      'lines since an instant',
      '2026-01-01T00:00:00Z stdout F a\n2026-01-02T00:00:00Z stdout F b\n',
      { sinceMs: Date.parse('2026-01-02T00:00:00Z') },
      'b\n',
    ],
    ['a line that is cut off is held back', 't stdout F a\nt std', {}, 'a\n'],
    ['an empty line is a line', 't stdout F \n', {}, '\n'],
    ['one stream', 't stdout F out\nt stderr P er\nt stdout F out\nt stderr F r\n', { stream: 'stderr' }, 'err\n'],
    [
      'the stream of each line',
      't1 stdout P a\nt2 stderr F e\nt3 stdout F b\n',
      { timestamps: true, streamNames: true },
      't2 stderr e\nt1 stdout ab\n',
    ],
    [
      'instants as Kubernetes writes them',
      '2026-01-01T00:00:00.5+00:00 stdout F a\n2026-01-01T00:00:00.5+02:00 stdout F b\n',
      { timestamps: true },
      '2026-01-01T00:00:00.5Z a\n2026-01-01T00:00:00.5+02:00 b\n',
    ],
    ['a damaged file', `${'x'.repeat(3_000_000)}\nt stdout F a\n`, {}, 'a\n'],
  ]
  for (const [rule, log, options, text] of CASES) {
    it(rule, async () => {
      await writeFile(file(), log, 'latin1')
      assert.equal(await textOf(readLog(file(), { ...plain, ...options })), text)
    })
  }

  it('a line that goes on after a pause is still one line, unless the other stream came between', async () => {
    await writeFile(file(), 't1 stdout P one')
    const { follow, end } = aWriter()
    const reading = readLog(file(), { ...plain, timestamps: true, follow: { ...follow, quietMs: 1 } })
    const next = async (): Promise<string> => Buffer.from((await reading.next()).value ?? []).toString()
    await appendFile(file(), '\n')
    assert.equal(await next(), 't1 one')
    await appendFile(file(), 't2 stdout P  two\n')
    assert.equal(await next(), ' two')
    await appendFile(file(), 't3 stderr F error\n')
    assert.equal(await next(), '\nt3 error\n')
    await appendFile(file(), 't4 stdout F  three\n')
    end()
    assert.equal(await textOf(reading), 't1  three\n')
  })

  it('a log that is not there is empty', async () => {
    assert.equal(await textOf(readLog(join(folder, 'nope.log'), plain)), '')
  })

  it('a log that cannot be read is a failure', async () => {
    await writeFile(file(), '')
    await assert.rejects(textOf(readLog(join(file(), 'nope.log'), plain)), /read the log ".*nope\.log": ENOTDIR/)
  })

  it('a line that never ends is told as it comes', async () => {
    const piece = 'x'.repeat(8_000)
    await writeFile(file(), `t stdout P ${piece}\n`.repeat(400))
    const { follow, end } = aWriter()
    let longest = 0
    let total = 0
    for await (const chunk of readLog(file(), { ...plain, follow })) {
      longest = Math.max(longest, chunk.length)
      total += chunk.length
      if (total > 3_000_000) end()
    }
    assert.equal(total, 3_200_000)
    assert.ok(longest < 200_000, String(longest))
  })

  it('a tail across many chunks', async () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index}`)
    await writeFile(file(), lines.map((line) => `t stdout F ${line}\n`).join(''))
    const expected = lines
      .slice(-15_000)
      .map((line) => `${line}\n`)
      .join('')
    assert.equal(await textOf(readLog(file(), { ...plain, tailLines: 15_000 })), expected)
  })

  it('follows until the writer is done, and misses nothing of its last words', async () => {
    await writeFile(file(), 't stdout F first\n')
    const { follow, end, listeners } = aWriter()
    const reading = readLog(file(), { ...plain, follow })
    assert.equal(Buffer.from((await reading.next()).value as Uint8Array).toString(), 'first\n')
    const next = reading.next()
    await appendFile(file(), 't stdout F second\n')
    assert.equal(Buffer.from((await next).value as Uint8Array).toString(), 'second\n')
    await appendFile(file(), 't stdout F last\n')
    end()
    assert.equal(await textOf(reading), 'last\n')
    assert.equal(listeners.size, 0)
  })

  it('what is written until the writer is said to be done is read', async () => {
    await writeFile(file(), 't stdout F first\n')
    let isOverSaid = false
    const isOver = (): boolean => {
      if (!isOverSaid) appendFileSync(file(), 't stdout F last\n')
      isOverSaid = true
      return true
    }
    const text = await textOf(readLog(file(), { ...plain, follow: { isOver, whenChanged: () => () => undefined } }))
    assert.equal(text, 'first\nlast\n')
  })

  it('ends when the reader goes away', async () => {
    await writeFile(file(), '')
    const stop = new AbortController()
    const follow = { isOver: () => false, whenChanged: () => () => undefined }
    const reading = textOf(readLog(file(), { ...plain, follow, signal: stop.signal }))
    stop.abort()
    assert.equal(await reading, '')
  })

  const EXACT: Omit<LogOptions, 'follow'> = { timestamps: true, streamNames: true, signal: NEVER }

  it('gives every line once and whole, wherever the writer stops for a moment', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(arbitraryEntry), fc.array(fc.nat(600)), async (entries, cuts) => {
        const log = Buffer.from(entries.map(entryText).join(''), 'latin1')
        await writeFile(file(), '')
        const { follow, end } = aWriter()
        const reading = textOf(readLog(file(), { ...EXACT, follow: { ...follow, quietMs: 60_000 } }))
        let from = 0
        for (const cut of [...cuts.filter((cut) => cut < log.length).sort((a, b) => a - b), log.length]) {
          await appendFile(file(), log.subarray(from, cut))
          from = cut
        }
        end()
        assert.equal(await reading, linesOf(entries))
      }),
      { numRuns: 60 },
    )
  })

  it('gives every line of another process once and whole', async () => {
    await writeFile(file(), '')
    const { follow, end } = aWriter()
    const writer = spawn(process.execPath, ['--eval', WRITER, file(), String(Date.now() % 1_000_000)], {
      stdio: 'inherit',
    })
    const reading = textOf(readLog(file(), { ...EXACT, follow: { ...follow, quietMs: 60_000 } }))
    const [exitCode] = (await once(writer, 'exit')) as [number]
    end()
    const text = await reading
    assert.equal(exitCode, 0)
    const entries = parseEntries(await readFile(file(), 'latin1'))
    assert.ok(entries.length > 3_000)
    assert.equal(text, linesOf(entries))
  })
})

/** Writes entries of both streams in portions that end anywhere, as fast as it can. Arguments: the file, a seed. */
const WRITER = `
const { openSync, writeSync } = require('node:fs')
const fd = openSync(process.argv[1], 'a')
let seed = Number(process.argv[2])
const random = (limit) => (seed = (seed * 48271 + 11) % 2147483647) % limit
let log = ''
for (let number = 0; number < 4000; number += 1) {
  const stream = random(3) === 0 ? 'stderr' : 'stdout'
  log += 't' + number + ' ' + stream + ' ' + (random(4) === 0 ? 'P' : 'F') + ' ' + 'x'.repeat(random(80)) + number + '\\n'
}
const bytes = Buffer.from(log + 'end stdout F \\nend stderr F \\n')
for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, Math.min(1 + random(300), bytes.length - at))
`
