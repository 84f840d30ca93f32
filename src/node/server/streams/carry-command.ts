import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { RunningCommand, TerminalSize } from '../pod-streams.ts'
import type { CommandEnd } from './command-end.ts'

/** The client's side of a program: the streams that it asked for, over whatever connection. */
export interface CommandClient {
  readonly stdin: Readable | undefined
  readonly stdout: Writable | undefined
  readonly stderr: Writable | undefined
  onResize(listener: (size: TerminalSize) => void): void
  /** Aborts when the client is gone. */
  readonly gone: AbortSignal
}

/**
 * Carries bytes between a program and its client until the program has ended and its output is told, or the client is
 * gone. Each direction waits for its reader.
 */
export async function carryCommand(
  begin: () => Promise<RunningCommand>,
  command: readonly string[],
  client: CommandClient,
): Promise<CommandEnd> {
  let running: RunningCommand
  try {
    running = await begin()
  } catch (thrown) {
    return { is: 'failed', thrown }
  }
  // It may fail while its output is still being told; that is heard of below.
  running.ended.catch(() => undefined)
  const gone = Promise.withResolvers<undefined>()
  const leave = (): void => gone.resolve(undefined)
  client.gone.addEventListener('abort', leave)
  if (client.gone.aborted) leave()
  try {
    client.onResize((size) => running.resize(size))
    feed(client.stdin, running.stdin)
    const told = Promise.all([tell(running.stdout, client.stdout), tell(running.stderr, client.stderr)])
    // What is asked for first counts: an end that comes with the client's own is of no use to anybody.
    const exitCode = await Promise.race([gone.promise, told.then(() => running.ended)])
    return exitCode === undefined ? { is: 'left' } : { is: 'ended', exitCode, command }
  } catch (thrown) {
    return { is: 'failed', thrown }
  } finally {
    client.gone.removeEventListener('abort', leave)
    running.release()
  }
}

/** Resolves when there is nothing more to tell: its end is told too. */
async function tell(from: Readable | undefined, to: Writable | undefined): Promise<void> {
  if (from === undefined) {
    to?.end()
    return
  }
  if (to === undefined) {
    from.resume()
    return
  }
  try {
    await pipeline(from, to)
  } catch {
    // The client closed this stream or is gone, or the program's end broke it: there is nobody to tell.
  }
}

/** A program that does not read, or has ended, lets the rest go: that is no failure. */
function feed(from: Readable | undefined, to: Writable | undefined): void {
  if (from === undefined || to === undefined) {
    from?.resume()
    to?.end()
    return
  }
  to.on('error', () => {
    from.unpipe(to)
    from.resume()
  })
  from.once('close', () => to.end())
  from.pipe(to)
}
