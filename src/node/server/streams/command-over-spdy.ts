import type { Duplex } from 'node:stream'
import type { PodAttachOptions } from '../pod-streams.ts'
import { carryCommand } from './carry-command.ts'
import { endBytes } from './command-end.ts'
import { type CommandToCarry, readSizes } from './command-over-websocket.ts'
import { SpdySession } from './spdy/spdy-session.ts'
import type { SpdyStream } from './spdy/spdy-stream.ts'

interface CommandVersion {
  readonly errors: 'status' | 'words'
  readonly resizes: boolean
}

/** What clients may offer in `X-Stream-Protocol-Version`. */
export const COMMAND_VERSIONS: Readonly<Record<string, CommandVersion>> = {
  'v5.channel.k8s.io': { errors: 'status', resizes: true },
  'v4.channel.k8s.io': { errors: 'status', resizes: true },
  'v3.channel.k8s.io': { errors: 'words', resizes: true },
  'v2.channel.k8s.io': { errors: 'words', resizes: false },
  'channel.k8s.io': { errors: 'words', resizes: false },
}

/** How long a client may take to open its streams, as on a Kubernetes node. */
const STREAMS_LIMIT_MS = 30_000

/** Carries a program's streams over SPDY until one of both ends. */
export async function commandOverSpdy(
  socket: Duplex,
  version: CommandVersion,
  { begin, command, options }: CommandToCarry,
): Promise<void> {
  const gone = new AbortController()
  const streams = await openStreams(socket, expectedTypes(options, version), gone)
  if (streams === undefined) return
  const { session, byType } = streams
  const end = await carryCommand(begin, command, {
    stdin: byType.get('stdin'),
    stdout: byType.get('stdout'),
    stderr: byType.get('stderr'),
    onResize: (listener) => {
      const resize = byType.get('resize')
      if (resize !== undefined) readSizes(resize, listener)
    },
    gone: gone.signal,
  })
  const error = byType.get('error')
  const told = new Promise((resolve) => error?.once('close', resolve).once('finish', resolve))
  error?.end(endBytes(end, version.errors))
  await told
  session.close()
}

function expectedTypes(options: PodAttachOptions, version: CommandVersion): string[] {
  const { stdin, stdout, stderr, tty } = options
  const wanted = { error: true, stdin, stdout, stderr, resize: tty && version.resizes }
  return Object.entries(wanted).flatMap(([type, isWanted]) => (isWanted ? [type] : []))
}

/** @returns once all of them are there; undefined when the client is gone, or too slow, before that. */
async function openStreams(
  socket: Duplex,
  expected: readonly string[],
  gone: AbortController,
): Promise<{ readonly session: SpdySession; readonly byType: ReadonlyMap<string, SpdyStream> } | undefined> {
  const byType = new Map<string, SpdyStream>()
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const session = new SpdySession(socket, (stream) => {
    const type = stream.headers.get('streamtype') ?? ''
    if (!expected.includes(type) || byType.has(type)) {
      stream.destroy()
      return
    }
    byType.set(type, stream)
    if (byType.size === expected.length) resolve(true)
  })
  void session.closed.then(() => {
    gone.abort()
    resolve(false)
  })
  const limit = setTimeout(() => resolve(false), STREAMS_LIMIT_MS)
  const complete = await promise
  clearTimeout(limit)
  if (complete) return { session, byType }
  session.close()
  return undefined
}
