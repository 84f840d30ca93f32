import type { Readable, Writable } from 'node:stream'
import type { RemoteCommand } from '../../client/streams/open-command.ts'
import type { CliEnvironment, InputStream, OutputStream } from '../cli-environment.ts'
import { writeText } from '../output.ts'
import { enterRawMode } from './enter-raw-mode.ts'

/**
 * Joins a program in a container with the streams of this one until it has ended and all of its output is written.
 *
 * @param isTerminal whether this terminal becomes the program's: keys go there as they are pressed, and the window's size.
 * @returns its exit code.
 * @throws what writing failed with, EPIPE when the reader went away; the program's Failure.
 */
export async function carrySession(
  remote: RemoteCommand,
  environment: Pick<CliEnvironment, 'stdin' | 'stdout' | 'stderr'>,
  isTerminal: boolean,
): Promise<number> {
  const { stdin, stdout, stderr } = environment
  const giveBack = isTerminal ? takeTerminal(remote, environment) : undefined
  const feeding = remote.stdin === undefined ? undefined : feed(stdin, remote.stdin)
  try {
    await Promise.all([
      show(remote.stdout, stdout),
      remote.stderr === undefined ? undefined : show(remote.stderr, stderr),
    ])
    return await remote.exitCode
  } finally {
    feeding?.stop()
    giveBack?.()
    remote.close()
  }
}

async function show(from: Readable, to: OutputStream): Promise<void> {
  for await (const chunk of from as AsyncIterable<Buffer>) await writeText(to, chunk)
}

/** Until its end, which is told; or until the program takes no more. */
function feed(stdin: InputStream, to: Writable): { readonly stop: () => void } {
  const stop = (): void => {
    stdin.unpipe(to)
    // An input that is still open would keep this process waiting for it.
    stdin.pause()
  }
  // Input that cannot be read is input that has ended.
  stdin.once('error', () => to.end())
  to.once('error', stop)
  stdin.pipe(to)
  return { stop }
}

function takeTerminal(remote: RemoteCommand, { stdin, stdout }: Pick<CliEnvironment, 'stdin' | 'stdout'>): () => void {
  const tellSize = (): void => {
    const { columns, rows } = stdout
    if (columns !== undefined && rows !== undefined) remote.resize({ columns, rows })
  }
  const leaveRawMode = enterRawMode(stdin)
  stdout.on('resize', tellSize)
  tellSize()
  return () => {
    stdout.off('resize', tellSize)
    leaveRawMode()
  }
}
