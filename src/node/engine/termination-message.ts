import { open } from 'node:fs/promises'
import type { Pod } from '../../kube/api/pod.ts'
import { everyContainer } from '../../kube/api/pod.ts'
import { parseCriLine } from './logs/cri-log.ts'
import { readLast } from './logs/log-start.ts'
import { closeLogFiles, openLogFiles } from './logs/open-log-files.ts'
import type { Instance } from './pod-record.ts'

/** Longest termination message of one container, in bytes (H11). */
const LONGEST_MESSAGE_BYTES = 4096
const LONGEST_LOG_MESSAGE_BYTES = 2048
const LONGEST_LOG_MESSAGE_LINES = 80
/** Of the log's end: every entry has some 50 bytes of its own beside the text. */
const READ_OF_LOG_BYTES = 65_536

/** What a container that has ended left to say (H11); '' for nothing. */
export async function readTerminationMessage(pod: Pod, instance: Instance, exitCode: number): Promise<string> {
  const container = everyContainer(pod).find(({ name }) => name === instance.container)
  const written = await readStart(instance.terminationMessageFile)
  if (written.length > 0 || exitCode === 0) return written.toString('utf8')
  if (container?.terminationMessagePolicy !== 'FallbackToLogsOnError') return ''
  return lastOfLog((await readEndOfLog(instance.logFile)).toString('latin1'))
}

/** A container may have removed or replaced its message file: then there is no message. */
async function readStart(path: string): Promise<Buffer> {
  try {
    await using file = await open(path, 'r')
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LONGEST_MESSAGE_BYTES), 0, LONGEST_MESSAGE_BYTES, 0)
    return buffer.subarray(0, bytesRead)
  } catch {
    return Buffer.alloc(0)
  }
}

/** Across its last rotation. Without a log there is no message either. */
async function readEndOfLog(logFile: string): Promise<Buffer> {
  try {
    const files = await openLogFiles(logFile)
    return await readLast(files, READ_OF_LOG_BYTES).finally(() => closeLogFiles(files))
  } catch {
    return Buffer.alloc(0)
  }
}

/**
 * The last 80 lines or 2048 bytes of a CRI log, whichever is shorter (H11).
 *
 * @param log its bytes as Latin-1 characters: it cuts lines anywhere, in the middle of a character too.
 */
export function lastOfLog(log: string): string {
  const lines = log.split('\n').filter((line) => line !== '')
  const text = lines
    .slice(-LONGEST_LOG_MESSAGE_LINES)
    .map((line) => {
      const entry = parseCriLine(line)
      return entry === undefined ? '' : entry.text + (entry.partial ? '' : '\n')
    })
    .join('')
  const bytes = Buffer.from(text, 'latin1')
  return bytes.subarray(Math.max(0, bytes.length - LONGEST_LOG_MESSAGE_BYTES)).toString('utf8')
}
