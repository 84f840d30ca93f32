import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { LogOptions } from './read-log.ts'
import { readLog } from './read-log.ts'

const NEVER = new AbortController().signal

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let text = ''
  for await (const chunk of chunks) text += Buffer.from(chunk).toString('latin1')
  return text
}

/** Somebody who goes on writing until `end`. */
function aWriter() {
  let isOver = false
  const listeners = new Set<() => void>()
  const whenChanged = (listener: () => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  return {
    listeners,
    follow: { isOver: () => isOver, whenChanged },
    end: () => {
      isOver = true
      for (const listener of listeners) listener()
    },
  }
}

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
    const reading = readLog(file(), { ...plain, timestamps: true, follow })
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

  it('ends when the reader goes away', async () => {
    await writeFile(file(), '')
    const stop = new AbortController()
    const follow = { isOver: () => false, whenChanged: () => () => undefined }
    const reading = textOf(readLog(file(), { ...plain, follow, signal: stop.signal }))
    stop.abort()
    assert.equal(await reading, '')
  })
})
