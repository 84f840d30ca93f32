/**
 * Turns log lines of several formats into one: the adapter pattern.
 *
 *   node log-adapter.ts          with LOG_FILES=/logs/*.log, optionally LOG_OUTPUT=/logs/all.jsonl (default: stdout)
 *
 * Understands JSON lines (time|ts|timestamp, level|severity, msg|message), the common and combined log formats of web
 * servers, logfmt (key=value) and "<time> <LEVEL> <text>". Each line comes out as
 * {"time","level","source","message"}; one that fits none is passed on whole with level "unknown".
 */
import { appendFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { adaptLine } from './adapt-line.ts'
import { FollowedFiles } from './follow-files.ts'

const LOOK_EVERY_MS = 100

const { LOG_FILES, LOG_OUTPUT } = process.env
if (LOG_FILES === undefined) {
  console.error('log-adapter: set LOG_FILES, a glob such as /logs/*.log')
  process.exit(2)
}

const stopping = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort())

const files = new FollowedFiles(LOG_FILES)
while (!stopping.signal.aborted) {
  await adaptNewLines()
  await delay(LOOK_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
}
await adaptNewLines()

async function adaptNewLines(): Promise<void> {
  for await (const { file, line } of files.newLines()) {
    if (file === LOG_OUTPUT || line.trim() === '') continue
    const adapted = `${JSON.stringify(adaptLine(line, basename(file, extname(file))))}\n`
    if (LOG_OUTPUT === undefined) process.stdout.write(adapted)
    else await appendFile(LOG_OUTPUT, adapted)
  }
}
