import type { Readable } from 'node:stream'
import type { PodAttachOptions, RunningCommand, TerminalSize } from '../pod-streams.ts'
import { carryCommand } from './carry-command.ts'
import { type AcceptedSocket, type ChannelFormat, ChannelSocket } from './channel-socket.ts'
import { type CommandEnd, endBytes } from './command-end.ts'
import { TerminalSizes } from './terminal-sizes.ts'

/** By number. Source: k8s.io/apimachinery/pkg/util/remotecommand */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const

interface CommandFormat extends ChannelFormat {
  readonly errors: 'status' | 'words'
}

/** The subprotocols of exec and attach; '' is a client that names none. */
export const COMMAND_SUBPROTOCOLS: Readonly<Record<string, CommandFormat>> = {
  'v5.channel.k8s.io': { encoding: 'binary', closes: true, errors: 'status' },
  'v4.channel.k8s.io': { encoding: 'binary', closes: false, errors: 'status' },
  'v4.base64.channel.k8s.io': { encoding: 'base64', closes: false, errors: 'status' },
  'channel.k8s.io': { encoding: 'binary', closes: false, errors: 'words' },
  'base64.channel.k8s.io': { encoding: 'base64', closes: false, errors: 'words' },
  '': { encoding: 'binary', closes: false, errors: 'words' },
}

/** Carries a program's streams over a WebSocket until one of both ends. */
export async function commandOverWebSocket(
  { socket, protocol }: AcceptedSocket,
  { begin, command, options }: CommandToCarry,
): Promise<void> {
  const format = COMMAND_SUBPROTOCOLS[protocol]
  if (format === undefined) throw new Error(`subprotocol ${protocol} was accepted and is not known`)
  const channels = new ChannelSocket(socket, format)
  const sizes = channels.reader(CHANNEL.resize)
  // The first message tells the client that its streams are there.
  const firstChannel = options.stdout ? CHANNEL.stdout : options.stderr ? CHANNEL.stderr : CHANNEL.error
  channels.send(firstChannel, new Uint8Array())
  const end: CommandEnd = await carryCommand(begin, command, {
    stdin: options.stdin ? channels.reader(CHANNEL.stdin) : undefined,
    stdout: options.stdout ? channels.writer(CHANNEL.stdout) : undefined,
    stderr: options.stderr ? channels.writer(CHANNEL.stderr) : undefined,
    onResize: (listener) => readSizes(sizes, listener),
    gone: channels.gone,
  })
  const words = endBytes(end, format.errors)
  if (words.length > 0) channels.send(CHANNEL.error, words)
  channels.close()
}

export interface CommandToCarry {
  readonly begin: () => Promise<RunningCommand>
  /** For what is told of its end. */
  readonly command: readonly string[]
  readonly options: PodAttachOptions
}

/** Calls back with each size that a client sends. */
export function readSizes(stream: Readable, listener: (size: TerminalSize) => void): void {
  const sizes = new TerminalSizes()
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => sizes.add(text).forEach(listener))
}
