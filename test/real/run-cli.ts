import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

export const LAUNCHER = join(import.meta.dirname, '..', '..', 'peapod')

export interface CliEnd {
  /** As a shell counts. */
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: string
}

/** One `./peapod …` of a test, with its streams. Disposing kills it. */
export class CliRun implements AsyncDisposable {
  readonly child: ChildProcess & { readonly stdin: Writable; readonly stdout: Readable; readonly stderr: Readable }
  readonly #out: Buffer[] = []
  #stderr = ''
  readonly #ended: Promise<unknown[]>
  readonly #waiting = new Set<() => void>()

  constructor(args: readonly string[]) {
    this.child = spawn(LAUNCHER, args, { stdio: 'pipe', env: { ...process.env, NO_COLOR: '1' } })
    // A command that ends before it has read all of its input is judged by its exit code.
    this.child.stdin.on('error', () => undefined)
    this.child.stdout.on('data', (chunk: Buffer) => {
      this.#out.push(chunk)
      this.#wake()
    })
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
      this.#wake()
    })
    this.#ended = once(this.child, 'close')
    void this.#ended.then(() => this.#wake())
  }

  get stdout(): string {
    return Buffer.concat(this.#out).toString('utf8')
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Settles when what it said so far matches. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.stdout) ?? pattern.exec(this.stderr)
      if (found !== null) return found
      if (this.child.exitCode !== null)
        throw new Error(`it ended before it said ${String(pattern)}: ${this.stdout}${this.stderr}`)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  async end(): Promise<CliEnd> {
    await this.#ended
    const { exitCode, signalCode } = this.child
    const code = exitCode ?? 128 + (signalCode === null ? 0 : constants.signals[signalCode])
    return { code, stdout: Buffer.concat(this.#out), stderr: this.#stderr }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL')
    await this.#ended
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }
}

/** Runs it to its end. @param input absent: none, ended at once. */
export async function runCommandLine(args: readonly string[], input: Buffer | string = ''): Promise<CliEnd> {
  await using run = new CliRun(args)
  run.child.stdin.end(input)
  return await run.end()
}
