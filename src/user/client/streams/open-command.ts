import type { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { OpenEndpoint } from '../endpoint.ts'
import { PODS, resourcePath } from '../resource-type.ts'
import { Channels } from './channels.ts'
import { commandExitCode } from './command-end.ts'
import { openWebSocket } from './open-web-socket.ts'

/** By number. Source: k8s.io/apimachinery/pkg/util/remotecommand */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const

/** The fifth version, since Kubernetes 1.30, is the first one that can tell the end of the input. */
const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io']

interface StreamsWanted {
  readonly pod: { readonly namespace: string; readonly name: string }
  readonly container: string
  readonly stdin: boolean
  /** One stream for both outputs then, as terminals have it. */
  readonly tty: boolean
  readonly signal: AbortSignal
}

export type CommandWanted = StreamsWanted &
  ({ readonly is: 'exec'; readonly command: readonly string[] } | { readonly is: 'attach' })

/** A program in a container with its streams here. */
export interface RemoteCommand {
  /** Absent unless it was asked for. */
  readonly stdin: Writable | undefined
  readonly stdout: Readable
  /** Absent with a terminal. */
  readonly stderr: Readable | undefined
  resize(size: { readonly columns: number; readonly rows: number }): void
  /**
   * Resolves when it has ended and all of its output is in the readers; for an attachment: when there is no more to come.
   * Rejects with Failure when it could not be run, or the connection broke.
   */
  readonly exitCode: Promise<number>
  /** Leaves it; the program itself may go on. */
  close(): void
}

/**
 * Runs a program in a container, or attaches to the one that it has.
 *
 * @throws Failure with the server's reason when it refuses.
 */
export async function openCommand(to: OpenEndpoint, wanted: CommandWanted): Promise<RemoteCommand> {
  const { pod, tty, signal } = wanted
  const name = JSON.stringify(pod.name)
  const what = wanted.is === 'exec' ? `run a command in pod ${name}` : `attach to pod ${name}`
  const path = resourcePath(PODS, { ...pod, subresource: wanted.is }) + queryOf(wanted)
  const channels = new Channels(await openWebSocket(to, { path, protocols: PROTOCOLS, what, signal }))
  const stdout = channels.reader(CHANNEL.stdout)
  const stderr = tty ? undefined : channels.reader(CHANNEL.stderr)
  const sizes = channels.writer(CHANNEL.resize)
  const exitCode = endOf(channels, { what, signal })
  // Whoever awaits it later gets it then.
  exitCode.catch(() => undefined)
  return {
    stdin: wanted.stdin ? channels.writer(CHANNEL.stdin) : undefined,
    stdout,
    stderr,
    resize: ({ columns, rows }) => void sizes.write(JSON.stringify({ Width: columns, Height: rows })),
    exitCode,
    close: () => channels.close(),
  }
}

async function endOf(
  channels: Channels,
  { what, signal }: { readonly what: string; readonly signal: AbortSignal },
): Promise<number> {
  const [words, end] = await Promise.all([text(channels.reader(CHANNEL.error)), channels.closed])
  signal.throwIfAborted()
  return commandExitCode({ what, words, end })
}

function queryOf(wanted: CommandWanted): string {
  const flags = { stdin: wanted.stdin, stdout: true, stderr: !wanted.tty, tty: wanted.tty }
  const query = new URLSearchParams({ container: wanted.container })
  for (const [name, isOn] of Object.entries(flags)) if (isOn) query.append(name, 'true')
  for (const word of wanted.is === 'exec' ? wanted.command : []) query.append('command', word)
  return `?${query.toString()}`
}
