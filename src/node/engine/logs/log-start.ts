import { parseCriLine } from './cri-log.ts'
import type { OpenLogFile } from './open-log-files.ts'

const BLOCK_BYTES = 65_536
const NEWLINE = 0x0a
/** An instant, a stream and a tag. */
const LONGEST_ENTRY_START_BYTES = 64
/** How far before the first line its first pieces are looked for. */
const BEFORE_BYTES = 262_144
/** The kernel's instant of a write is some milliseconds behind the writer's. */
const CLOCK_SLACK_MS = 1_000

/** A place in a log, at the beginning of an entry. */
export interface LogPlace {
  /** Index among the open files. */
  readonly file: number
  readonly offset: number
}

/** Where the reading begins, so that all lines that are wanted come, and few others before them. */
export async function findLogStart(
  files: readonly OpenLogFile[],
  wanted: { readonly tailLines?: number; readonly sinceMs?: number },
): Promise<LogPlace> {
  const { tailLines, sinceMs = -Infinity } = wanted
  const oldest = files.findIndex(({ modifiedAtMs }) => modifiedAtMs >= sinceMs - CLOCK_SLACK_MS)
  const since = { file: oldest < 0 ? files.length - 1 : oldest, offset: 0 }
  if (tailLines === undefined) return since
  const tail = await findTail(files, tailLines)
  return tail.file < since.file ? since : tail
}

/** What was written just before a place, from the beginning of an entry on: the first pieces of its first line, maybe. */
export async function readBefore(files: readonly OpenLogFile[], place: LogPlace): Promise<string> {
  let text = ''
  let end = place.offset
  for (let index = place.file; index >= 0 && text.length < BEFORE_BYTES; index -= 1) {
    const file = files[index]
    if (file === undefined) break
    if (index < place.file) end = file.bytes
    const start = Math.max(0, end - (BEFORE_BYTES - text.length))
    const part = (await readPart(file, start, end)).toString('latin1')
    // An entry that a full disk has cut off runs into nothing.
    text = `${start === 0 ? part : part.slice(part.indexOf('\n') + 1)}${part.endsWith('\n') ? '' : '\n'}${text}`
    if (start > 0) break
  }
  return text
}

/** The last bytes that there are. */
export async function readLast(files: readonly OpenLogFile[], bytes: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let left = bytes
  for (const file of files.toReversed()) {
    if (left <= 0) break
    const part = await readPart(file, Math.max(0, file.bytes - left), file.bytes)
    parts.unshift(part)
    left -= part.length
  }
  return Buffer.concat(parts)
}

/** Where the last lines begin, reading backwards. Lines are told at their ends, so ends are counted. */
async function findTail(files: readonly OpenLogFile[], lines: number): Promise<LogPlace> {
  const last = files.length - 1
  const seen = new Set<string>()
  let found = 0
  if (lines === 0) return { file: last, offset: files[last]?.bytes ?? 0 }
  for (let index = last; index >= 0; index -= 1) {
    const file = files[index]
    if (file === undefined) continue
    for await (const { offset, start } of entriesBackwards(file)) {
      const entry = parseCriLine(start)
      if (entry === undefined) continue
      // A line without its end is one too, and the last of its stream.
      if (!entry.partial || !seen.has(entry.stream)) found += 1
      seen.add(entry.stream)
      if (found === lines) return { file: index, offset }
    }
  }
  return { file: 0, offset: 0 }
}

/** The beginning of each entry, from the last to the first. */
async function* entriesBackwards(
  file: OpenLogFile,
): AsyncGenerator<{ readonly offset: number; readonly start: string }> {
  for (let end = file.bytes; end > 0; end -= BLOCK_BYTES) {
    const from = Math.max(0, end - BLOCK_BYTES)
    const block = await readPart(file, from, Math.min(file.bytes, end + LONGEST_ENTRY_START_BYTES))
    const startAt = (index: number) => ({
      offset: from + index,
      start: block.toString('latin1', index, index + LONGEST_ENTRY_START_BYTES),
    })
    for (let index = block.lastIndexOf(NEWLINE, end - from - 1); index >= 0; index = before(block, index)) {
      if (from + index + 1 < file.bytes) yield startAt(index + 1)
    }
    if (from === 0) yield startAt(0)
  }
}

function before(block: Buffer, index: number): number {
  // A negative offset of lastIndexOf counts from the end.
  return index === 0 ? -1 : block.lastIndexOf(NEWLINE, index - 1)
}

async function readPart({ handle }: OpenLogFile, from: number, to: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(to - from), 0, to - from, from)
  return buffer.subarray(0, bytesRead)
}
