import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { Failure, messageOf } from '../../failure.ts'
import { searchedFolders } from './find-program.ts'

/** A descendant that keeps the output open (a daemon) holds up the answer no longer than this after the program's own end. */
const OPEN_OUTPUT_LIMIT_MS = 500

export interface CommandOptions {
  /** Written to its standard input, which is empty otherwise. */
  readonly input?: string | Uint8Array
  /** Added to this program's own environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Aborting kills the program (SIGKILL). */
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}

export interface CommandResult {
  /** As a shell counts: 128 + n after signal n. */
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a program to its end. An exit code other than 0 is a result, not an error.
 *
 * @param argv the program, as a path or a name on PATH, and its arguments; no shell is involved.
 * @throws Failure SetupFailed when the program can't be started, Timeout, Interrupted after an abort.
 */
export async function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const program = argv[0] ?? ''
  if (options.signal?.aborted) throw interrupted(program, options.signal)
  const child = spawn(program, argv.slice(1), {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, PATH: searchedFolders().join(':'), ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const end = await untilEnd(child, program, options)
  return { exitCode: end, stdout: stdout(), stderr: stderr() }
}

function untilEnd(
  child: ChildProcessByStdio<Writable, Readable, Readable>,
  program: string,
  options: CommandOptions,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const stop = (why: Failure) => {
      child.kill('SIGKILL')
      finish(() => reject(why))
    }
    const onAbort = () => options.signal && stop(interrupted(program, options.signal))
    const limit =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => stop(timedOut(program, options)), options.timeoutMs)
    let openOutput: NodeJS.Timeout | undefined
    const finish = (settle: () => void) => {
      clearTimeout(limit)
      clearTimeout(openOutput)
      options.signal?.removeEventListener('abort', onAbort)
      child.stdout.destroy()
      child.stderr.destroy()
      settle()
    }
    options.signal?.addEventListener('abort', onAbort, { once: true })
    child.once('error', (error) => finish(() => reject(notStarted(program, error))))
    child.once('exit', (code, signal) => {
      const exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal])
      openOutput = setTimeout(() => finish(() => resolve(exitCode)), OPEN_OUTPUT_LIMIT_MS)
      child.once('close', () => finish(() => resolve(exitCode)))
    })
    // EPIPE: the program ended without reading its input; its exit code tells whether that was right.
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input)
  })
}

function collect(stream: Readable): () => string {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString('utf8')
}

function interrupted(program: string, signal: AbortSignal): Failure {
  return new Failure('Interrupted', `run "${program}": stopped before its end`, { cause: signal.reason })
}

function timedOut(program: string, options: CommandOptions): Failure {
  return new Failure('Timeout', `run "${program}": not finished after ${options.timeoutMs ?? 0} ms, killed`)
}

function notStarted(program: string, error: Error): Failure {
  const answer =
    'code' in error && error.code === 'ENOENT' ? `not found in ${searchedFolders().join(':')}` : messageOf(error)
  return new Failure('SetupFailed', `run "${program}": ${answer}`, { cause: error })
}
