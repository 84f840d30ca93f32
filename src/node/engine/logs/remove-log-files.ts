import { closeSync, fstatSync, openSync, readSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCriLine } from './cri-log.ts'
import { restName } from './kept-log-name.ts'

/** Readers tell longer lines in pieces anyway. */
const LONGEST_REST_BYTES = 65_536

/** Removes the oldest files of a log. Lines that go on in the next file keep their beginnings, in a file of their own. */
export function removeLogFiles(folder: string, names: readonly string[]): void {
  for (const name of names) {
    const path = join(folder, name)
    if (name === names.at(-1)) leaveRest(path)
    rmSync(path, { force: true })
  }
}

function leaveRest(path: string): void {
  const { end, modifiedAt } = endOf(path)
  const rest = unfinishedPieces(end)
  if (rest === '') return
  const unfinished = `${path}.tmp`
  try {
    writeFileSync(unfinished, rest, { encoding: 'latin1', mode: 0o600 })
    utimesSync(unfinished, modifiedAt, modifiedAt)
    renameSync(unfinished, restName(path))
  } catch {
    // The disk is full: to make room is worth more than the beginning of a line.
    rmSync(unfinished, { force: true })
  }
}

/** @param log the end of a file, beginning anywhere. @returns the entries of lines that have no end in it. */
function unfinishedPieces(log: string): string {
  const pieces = new Map<string, string[]>()
  for (const line of log.split('\n').slice(0, -1)) {
    const entry = parseCriLine(line)
    if (entry === undefined) continue
    if (!entry.partial) pieces.delete(entry.stream)
    else pieces.set(entry.stream, [...(pieces.get(entry.stream) ?? []), `${line}\n`])
  }
  return [...pieces.values()].flat().join('')
}

function endOf(path: string): { readonly end: string; readonly modifiedAt: Date } {
  const fd = openSync(path, 'r')
  try {
    const { size, mtime } = fstatSync(fd)
    const buffer = Buffer.alloc(LONGEST_REST_BYTES)
    const bytesRead = readSync(fd, buffer, 0, buffer.length, Math.max(0, size - LONGEST_REST_BYTES))
    return { end: buffer.toString('latin1', 0, bytesRead), modifiedAt: mtime }
  } finally {
    closeSync(fd)
  }
}
