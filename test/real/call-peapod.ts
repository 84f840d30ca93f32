import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const LAUNCHER = join(import.meta.dirname, '..', '..', 'peapod')
/** The machine is shared and small: what takes a second when it is idle may take ten. */
const LIMIT_MS = 60_000

export interface CallOptions {
  /** Goes to standard input. */
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface CallResult {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Calls `./peapod …` as a user does, and waits for its end. */
export async function callPeapod(argv: readonly string[], options: CallOptions = {}): Promise<CallResult> {
  const child = spawn(LAUNCHER, argv, {
    stdio: 'pipe',
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  })
  // A command that ends before it has read all of its input is judged by its exit code.
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input ?? '')
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { exitCode, stdout, stderr }
}
