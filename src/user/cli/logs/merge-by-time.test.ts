import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { LogLine } from '../run/split-log.ts'
import { mergeByTime } from './merge-by-time.ts'

const time = (second: number): string => `2026-11-20T10:00:${String(second).padStart(2, '0')}.5Z`
const line = (second: number, text: string, partial = false): LogLine => ({
  time: time(second),
  bytes: Buffer.from(text),
  partial,
})

async function* batches(...all: readonly (readonly LogLine[])[]): AsyncGenerator<readonly LogLine[], void, undefined> {
  for (const batch of all) yield await Promise.resolve(batch)
}

async function merged(...sequences: readonly AsyncIterable<readonly LogLine[]>[]): Promise<string[]> {
  const said: string[] = []
  const named = sequences.map((lines, source) => ({ source, batches: lines }))
  for await (const { source, line: one } of mergeByTime(named)) said.push(`${source}${one.bytes.toString()}`)
  return said
}

describe('several logs in the order of time', () => {
  it('each line comes in its turn; of one instant, the first log first', async () => {
    const one = batches([line(1, 'a')], [], [line(3, 'c'), line(3, 'd')])
    const two = batches([line(2, 'x'), line(3, 'y')], [line(9, 'z')])
    assert.deepEqual(await merged(one, two, batches()), ['0a', '1x', '0c', '0d', '1y', '1z'])
  })

  it('a line that comes in pieces stays whole', async () => {
    const long = batches([line(5, 'a', true)], [line(5, 'b', true), line(5, 'c')])
    assert.deepEqual(await merged(batches([line(5, 'x'), line(5, 'y')]), long), ['0x', '0y', '1a', '1b', '1c'])
    const other = batches([line(4, 'a', true)], [line(4, 'b')])
    assert.deepEqual(await merged(batches([line(4, 'x', true), line(4, 'y')]), other), ['0x', '0y', '1a', '1b'])
  })

  it('nothing is lost, and each log keeps its order', async () => {
    const sequence = fc.array(fc.integer({ min: 0, max: 59 }), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(fc.array(sequence, { maxLength: 4 }), async (all) => {
        const sorted = all.map((seconds) => seconds.toSorted((one, other) => one - other))
        const lines = sorted.map((seconds) => batches(...seconds.map((second) => [line(second, `@${second}`)])))
        const said = await merged(...lines)
        assert.deepEqual(
          sorted.map((_, index) =>
            said.filter((text) => text.startsWith(`${index}@`)).map((text) => Number(text.split('@')[1])),
          ),
          sorted,
        )
        const seconds = said.map((text) => Number(text.split('@')[1]))
        assert.deepEqual(
          seconds,
          seconds.toSorted((one, other) => one - other),
        )
      }),
    )
  })
})
