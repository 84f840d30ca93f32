import assert from 'node:assert/strict'
import { appendFileSync, linkSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { keptLogName } from './kept-log-name.ts'
import { aWriter, arbitraryEntry, type Entry, entryText, linesOf, rotate, textOf } from './log-model.ts'
import { readLast } from './log-start.ts'
import { closeLogFiles, openLogFiles } from './open-log-files.ts'
import { type LogOptions, readLog } from './read-log.ts'
import { removeLogFiles } from './remove-log-files.ts'

const NEVER = new AbortController().signal
const PLAIN: LogOptions = { timestamps: false, signal: NEVER }
const EXACT: LogOptions = { timestamps: true, streamNames: true, signal: NEVER }
const NOW_MS = Date.parse('2026-01-02T03:04:05Z')

describe('a log that was rotated', () => {
  let folder = ''
  let kept: string[] = []
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'peapod-rotated-'))
    kept = []
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const file = (): string => join(folder, '0.log')
  const rotateNow = (): void => {
    const name = keptLogName('0.log', kept, NOW_MS)
    rotate(file(), join(folder, name))
    kept.push(name)
  }
  /** Files from the oldest to the live one. */
  const write = (...parts: readonly string[]): void => {
    writeFileSync(file(), '')
    parts.forEach((part, index) => {
      if (index > 0) rotateNow()
      appendFileSync(file(), part, 'latin1')
    })
  }

  const CASES: [rule: string, parts: string[], options: Partial<LogOptions>, text: string][] = [
    ['is told from its oldest file on', ['t stdout F a\n', 't stdout F b\n', 't stdout F c\n'], {}, 'a\nb\nc\n'],
    ['goes on after an empty file', ['t stdout F a\n', '', 't stdout F c\n', ''], {}, 'a\nc\n'],
    ['has whole lines across files', ['t stdout P a\n', 't stdout P b\n', 't stdout F c\n'], {}, 'abc\n'],
    [
      'the last lines lie in many files',
      ['t stdout F a\n', 't stdout F b\n', 't stdout F c\n'],
      { tailLines: 2 },
      'b\nc\n',
    ],
    [
      'lines are counted, not their pieces',
      ['t stdout F a\nt stdout P b\n', 't stdout F c\n'],
      { tailLines: 1 },
      'bc\n',
    ],
    [
      'a line that began before the other stream wrote is whole',
      ['t stdout F a\nt stdout P b\n', 't stderr F e\n', 't stdout F c\n'],
      { tailLines: 1 },
      'bc\n',
    ],
    ['a line without its end is one', ['t stdout F a\n', 't stdout F b\nt stdout P c\n'], { tailLines: 1 }, 'c'],
    ['no last lines', ['t stdout F a\n', 't stdout F b\n'], { tailLines: 0 }, ''],
    [
      'lines since an instant',
      ['2026-01-01T00:00:00Z stdout F a\n', '2026-01-02T00:00:00Z stdout F b\n', '2026-01-03T00:00:00Z stdout F c\n'],
      { sinceMs: Date.parse('2026-01-02T00:00:00Z') },
      'b\nc\n',
    ],
    ['what a full disk has cut off is no entry', ['t stdout F a\nt std', 't stdout F b\n'], {}, 'a\nb\n'],
  ]
  for (const [rule, parts, options, text] of CASES) {
    it(rule, async () => {
      write(...parts)
      assert.equal(await textOf(readLog(file(), { ...PLAIN, ...options })), text)
    })
  }

  it('while it is being rotated, nothing is told twice', async () => {
    write('t stdout F a\n', 't stdout F b\n')
    linkSync(file(), join(folder, keptLogName('0.log', kept, NOW_MS)))
    assert.equal(await textOf(readLog(file(), PLAIN)), 'a\nb\n')
  })

  it('files from before an instant are not read', async () => {
    const day = (number: number) => new Date(Date.UTC(2026, 0, number))
    // Its own times say otherwise: only whoever reads it would tell it.
    write('2026-01-03T00:00:00Z stdout F old\n', '2026-01-03T00:00:00Z stdout F new\n')
    utimesSync(join(folder, kept[0] ?? ''), day(1), day(1))
    const text = await textOf(readLog(file(), { ...PLAIN, sinceMs: day(2).getTime() }))
    assert.equal(text, 'new\n')
  })

  it('a reader that follows goes on in each new file, and ends with the writer', async () => {
    write('t stdout F first\n')
    const { follow, end } = aWriter()
    const reading = readLog(file(), { ...PLAIN, follow })
    const next = async (): Promise<string> => Buffer.from((await reading.next()).value ?? []).toString()
    assert.equal(await next(), 'first\n')
    appendFileSync(file(), 't stdout F second\n')
    rotateNow()
    rotateNow()
    appendFileSync(file(), 't stdout F third\n')
    assert.equal(await next(), 'second\n')
    assert.equal(await next(), 'third\n')
    const last = textOf(reading)
    rotateNow()
    appendFileSync(file(), 't stdout F last\n')
    end()
    assert.equal(await last, 'last\n')
  })

  it('a reader that is too slow goes on with the oldest file that is left', async () => {
    write('t stdout F first\n')
    const { follow, end } = aWriter()
    const reading = readLog(file(), { ...PLAIN, follow })
    await reading.next()
    for (const name of ['lost', 'kept', 'live']) {
      rotateNow()
      appendFileSync(file(), `t stdout F ${name}\n`)
    }
    for (const name of kept.slice(0, 2)) rmSync(join(folder, name))
    end()
    assert.equal(await textOf(reading), 'kept\nlive\n')
  })

  it('a line that began in a file that was removed has its beginning', async () => {
    write('t stdout F gone\nt stderr P er\nt stdout P be\nt stdout P gin\n', 't stdout F ning\nt stderr F ror\n')
    removeLogFiles(folder, kept)
    assert.equal(await textOf(readLog(file(), PLAIN)), 'beginning\nerror\n')
    assert.equal(await textOf(readLog(file(), { ...PLAIN, tailLines: 2 })), 'beginning\nerror\n')
  })

  it('and none else, for a reader that has lost the files between', async () => {
    write('t stdout F first\nt stdout P one \n')
    const { follow, end } = aWriter()
    const reading = readLog(file(), { ...PLAIN, follow: { ...follow, quietMs: 60_000 } })
    await reading.next()
    rotateNow()
    appendFileSync(file(), 't stdout F line\nt stdout P other \n')
    rotateNow()
    appendFileSync(file(), 't stdout F line\n')
    removeLogFiles(folder, kept)
    end()
    assert.equal(await textOf(reading), 'other line\n')
  })

  it('its last bytes may lie in several files', async () => {
    write('first\n', 'second\n', '')
    const files = await openLogFiles(file())
    const lasts = await Promise.all([3, 9, 100].map(async (bytes) => (await readLast(files, bytes)).toString()))
    await closeLogFiles(files)
    assert.deepEqual(lasts, ['nd\n', 't\nsecond\n', 'first\nsecond\n'])
  })

  it('says which file it reads, and lets go in the end', async () => {
    write('t stdout F a\n', 't stdout F b\n')
    const { follow, end } = aWriter()
    const told: (number | 'gone')[] = []
    const hold = () => ({
      at: (inode: number) => void told.push(inode),
      [Symbol.dispose]: () => void told.push('gone'),
    })
    end()
    await textOf(readLog(file(), { ...PLAIN, follow: { ...follow, hold } }))
    const inodes = [...new Set(told)]
    assert.equal(inodes.length, 3)
    assert.equal(inodes[2], 'gone')
  })

  /** Writes entries, rotates where a step says so, and lets readers run in between. */
  const play = async (steps: readonly Step[]): Promise<Entry[]> => {
    for (const step of steps) {
      if (step === 'rotate') rotateNow()
      else if (step === 'let others run') await nextTurn()
      else appendFileSync(file(), entryText(step), 'latin1')
    }
    return steps.filter((step) => typeof step === 'object')
  }
  const clear = (): void => {
    for (const name of kept.splice(0)) rmSync(join(folder, name))
    writeFileSync(file(), '')
  }

  it('wherever it is rotated, who follows gets every line once and whole', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrarySteps, arbitrarySteps, async (before, after) => {
        clear()
        const written = await play(before)
        const { follow, end } = aWriter()
        const reading = textOf(readLog(file(), { ...EXACT, follow: { ...follow, quietMs: 60_000 } }))
        written.push(...(await play(after)))
        end()
        assert.equal(await reading, linesOf(written))
      }),
      { numRuns: 60 },
    )
  })

  it('wherever it was rotated, a tail has the last lines, whole', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrarySteps, fc.nat(30), async (steps, tailLines) => {
        clear()
        const ends: Step[] = [{ time: 't1', stream: 'stdout', tag: 'F', text: 'end' }, 'rotate']
        const written = await play([...steps, ...ends, { time: 't2', stream: 'stderr', tag: 'F', text: 'end' }])
        const lines = linesOf(written).split('\n').slice(0, -1)
        const expected = lines.slice(Math.max(0, lines.length - tailLines)).map((line) => `${line}\n`)
        assert.equal(await textOf(readLog(file(), { ...EXACT, tailLines })), expected.join(''))
      }),
      { numRuns: 100 },
    )
  })
})

type Step = Entry | 'rotate' | 'let others run'

const arbitrarySteps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: arbitraryEntry },
    { weight: 1, arbitrary: fc.constantFrom('rotate', 'let others run') },
  ),
  { maxLength: 60 },
)
