import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Kills it. Without one it goes on to its end, also after Ctrl-C: it is in a session of its own. */
  readonly signal?: AbortSignal
  /** Called with its process ID as soon as it runs. */
  readonly onStart?: (pid: number) => void
}

/** Runs a program to its end. @returns its output. @throws when it fails, with what it said. */
export async function runProgram(argv: readonly string[], options: ProgramOptions = {}): Promise<string> {
  const [program = '', ...args] = argv
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  })
  const output: Buffer[] = []
  const complaints: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk))
  const kill = () => child.kill('SIGKILL')
  options.signal?.addEventListener('abort', kill)
  if (child.pid !== undefined) options.onStart?.(child.pid)
  try {
    const [exitCode] = (await once(child, 'close')) as [number | null]
    options.signal?.throwIfAborted()
    if (exitCode === 0) return Buffer.concat(output).toString()
    throw new Error(
      `"${argv.join(' ')}" failed (${exitCode ?? 'killed'}): ${Buffer.concat(complaints).toString().trim()}`,
    )
  } finally {
    options.signal?.removeEventListener('abort', kill)
  }
}
