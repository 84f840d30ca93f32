/**
 * Ships the lines that programs append to log files to a central log server: the sidecar pattern's agent.
 *
 *   node log-agent.ts            with LOG_FILES=/var/log/app/*.log LOG_SERVER=host:port
 *
 * Each line goes out as one JSON object a line over TCP: {"source","file","line"}. What is written while the server is
 * away is sent when it is back; on SIGTERM what is in the files is sent before the agent ends.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { FollowedFiles } from './follow-files.ts'

const LOOK_EVERY_MS = 100
const RETRY_AFTER_MS = 500
/** How long a stop may be held up by a server that does not answer. */
const LAST_SEND_MS = 2_000

const { LOG_FILES, LOG_SERVER, LOG_SOURCE = hostname() } = process.env
if (LOG_FILES === undefined || LOG_SERVER === undefined) {
  console.error('log-agent: set LOG_FILES (a glob such as /var/log/app/*.log) and LOG_SERVER (host:port)')
  process.exit(2)
}

const stopping = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort())

const files = new FollowedFiles(LOG_FILES)
const waiting: string[] = []

console.log(`log-agent: shipping ${LOG_FILES} to ${LOG_SERVER}`)
while (!stopping.signal.aborted) {
  const server = await reach(LOG_SERVER, stopping.signal)
  if (server === undefined) continue
  await ship(server, stopping.signal)
}
await readNewLines()
process.exit(waiting.length === 0 || (await sendTheRest(LOG_SERVER)) ? 0 : 1)

async function ship(server: Socket, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !server.destroyed) {
    await readNewLines()
    if (waiting.length > 0 && server.writable && !send(server)) {
      await anyOf(server, ['drain', 'close'])
    }
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
  server.end()
}

/** Whether all of it went out before the server closed the connection. */
async function sendTheRest(address: string): Promise<boolean> {
  const signal = AbortSignal.timeout(LAST_SEND_MS)
  const server = await reach(address, signal)
  if (server === undefined) return false
  const closed = anyOf(server, ['close'])
  server.end(waiting.splice(0).join(''))
  await Promise.race([closed, delay(LAST_SEND_MS)])
  return server.closed && server.errored === null
}

/** Unlike once() of node:events it does not reject when the connection fails: it closes then. */
function anyOf(server: Socket, events: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    for (const event of events) server.once(event, () => resolve())
  })
}

function send(server: Socket): boolean {
  return server.write(waiting.splice(0).join(''))
}

async function readNewLines(): Promise<void> {
  for await (const { file, line } of files.newLines()) waiting.push(entry(file, line))
}

function entry(file: string, line: string): string {
  return `${JSON.stringify({ source: LOG_SOURCE, file, line })}\n`
}

async function reach(address: string, signal: AbortSignal): Promise<Socket | undefined> {
  const [host = 'localhost', port = '0'] = address.split(/:(?=\d+$)/)
  while (!signal.aborted) {
    const socket = connect({ host, port: Number(port) })
    try {
      await once(socket, 'connect', { signal })
      // The server has nothing to say; without a reader its goodbye would never be seen.
      socket.resume()
      socket.on('error', (error) => console.error(`log-agent: ${address}: ${error.message}`))
      return socket
    } catch {
      socket.destroy()
      await delay(RETRY_AFTER_MS, undefined, { signal }).catch(() => undefined)
    }
  }
  return undefined
}
