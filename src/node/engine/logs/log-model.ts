import { linkSync, renameSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'

export async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let text = ''
  for await (const chunk of chunks) text += Buffer.from(chunk).toString('latin1')
  return text
}

/** Somebody who goes on writing until `end`. */
export function aWriter() {
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

export interface Entry {
  readonly time: string
  readonly stream: 'stdout' | 'stderr'
  readonly tag: 'F' | 'P'
  readonly text: string
}

export const arbitraryEntry: fc.Arbitrary<Entry> = fc.record({
  time: fc.nat(9).map((digit) => `t${digit}`),
  stream: fc.constantFrom('stdout', 'stderr'),
  tag: fc.constantFrom('F', 'P'),
  // Any bytes but a newline, spaces and words of the format among them.
  text: fc.string({ unit: fc.constantFrom('a', ' ', '\r', '\0', '\xc3', '\xa4', 't1 stdout F '), maxLength: 8 }),
})

export function entryText({ time, stream, tag, text }: Entry): string {
  return `${time} ${stream} ${tag} ${text}\n`
}

export function parseEntries(log: string): Entry[] {
  return log
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const [time = '', stream, tag, ...words] = line.split(' ')
      return {
        time,
        stream: stream === 'stdout' ? 'stdout' : 'stderr',
        tag: tag === 'F' ? 'F' : 'P',
        text: words.join(' '),
      }
    })
}

/** What a reader gets: lines in the order of their ends, each with the instant of its beginning, then what has no end. */
export function linesOf(entries: readonly Entry[]): string {
  const open = new Map<string, { start: string; text: string }>()
  let lines = ''
  for (const { time, stream, tag, text } of entries) {
    const line = open.get(stream) ?? { start: `${time} ${stream} `, text: '' }
    open.set(stream, { ...line, text: line.text + text })
    if (tag === 'P') continue
    lines += `${line.start}${line.text}${text}\n`
    open.delete(stream)
  }
  const unfinished = [...open.values()].filter(({ text }) => text !== '').map(({ start, text }) => start + text)
  return lines + unfinished.join('\n')
}

/** Goes on in a new file, as conmon does. */
export function rotate(logFile: string, keptAs: string): void {
  linkSync(logFile, keptAs)
  writeFileSync(`${logFile}.tmp`, '')
  renameSync(`${logFile}.tmp`, logFile)
}
