import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const LAUNCHER = join(import.meta.dirname, '..', '..', 'peapod')
/** The machine is shared and small: what takes a second when it is idle may take ten. */
const LIMIT_MS = 60_000
const LOOK_EVERY_MS = 20
const SHOWN_OF_OUTPUT = 3_000

/** One line of `--output json`. Which facts there are depends on the event. */
export interface RunEvent {
  readonly time: string
  readonly type: 'log' | 'status' | 'notice' | 'end'
  readonly pod?: string
  readonly container?: string
  readonly stream?: string
  readonly line?: string
  readonly event?: string
  readonly text?: string
  readonly message?: string
  readonly reason?: string
  readonly exitCode?: number
  readonly instance?: number
  readonly restartInMs?: number
  readonly phase?: string
}

export interface RunOptions {
  readonly stateDirectory: string
  /** Manifest files and flags, as on the command line. */
  readonly args?: readonly string[]
  /** Objects that go to standard input as one manifest; `-` is added to the arguments. */
  readonly pods?: readonly object[]
  readonly output?: 'json' | 'text'
  readonly cwd?: string
}

type Found<T> = T | undefined | false | 0

/** Starts `./peapod run …` as a user does. */
export function runPeapod(options: RunOptions): PeapodRun {
  const { stateDirectory, args = [], pods, output = 'json' } = options
  const child = spawn(
    LAUNCHER,
    ['run', '--state-dir', stateDirectory, '--output', output, ...args, ...(pods === undefined ? [] : ['-'])],
    { stdio: 'pipe', cwd: options.cwd ?? process.cwd(), env: { ...process.env, NO_COLOR: '1' } },
  )
  // A command that ends before it has read all of its input is judged by its exit code.
  child.stdin.on('error', () => undefined)
  child.stdin.end((pods ?? []).map((pod) => `---\n${JSON.stringify(pod)}\n`).join(''))
  return new PeapodRun(child, stateDirectory)
}

/** One `peapod run` of a test: what it says, and how it ends. Disposing stops it. */
export class PeapodRun implements AsyncDisposable {
  readonly stateDirectory: string
  readonly #child: ChildProcess
  readonly #exit: Promise<number>
  readonly #podUids = new Set<string>()
  #stdout = ''
  #stderr = ''
  #exitCode: number | undefined

  constructor(child: ChildProcess, stateDirectory: string) {
    this.#child = child
    this.stateDirectory = stateDirectory
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    const looking = setInterval(() => this.#notePods(), LOOK_EVERY_MS)
    this.#exit = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => {
        clearInterval(looking)
        this.#exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal])
        resolve(this.#exitCode)
      })
    })
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  /** Of all pods that were seen on disk while it ran. */
  get podUids(): readonly string[] {
    return [...this.#podUids]
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Whole lines of standard output. */
  get lines(): readonly string[] {
    return this.#stdout.split('\n').slice(0, -1)
  }

  /** Standard output as `--output json` has it. */
  get events(): readonly RunEvent[] {
    return this.lines.map((line) => JSON.parse(line) as RunEvent)
  }

  /** The output of one container so far. */
  logOf(container: string, pod?: string): readonly string[] {
    return this.events
      .filter((event) => event.type === 'log' && event.container === container && (pod ?? event.pod) === event.pod)
      .map((event) => event.line ?? '')
  }

  /** What happened to one container so far, such as `started`, `exited`. */
  newsOf(container: string, event?: string): readonly RunEvent[] {
    return this.events.filter(
      (one) => one.type === 'status' && one.container === container && (event ?? one.event) === one.event,
    )
  }

  /** Waits until `find` answers something else than undefined, false or 0. */
  async until<T>(what: string, find: () => Found<T> | Promise<Found<T>>): Promise<T> {
    const endsAtMs = performance.now() + LIMIT_MS
    for (;;) {
      const hadEnded = this.#exitCode !== undefined
      const found = await find()
      if (found !== undefined && found !== false && found !== 0) return found
      if (hadEnded) throw new Error(`it ended before ${what}${this.#transcript()}`)
      if (performance.now() > endsAtMs) throw new Error(`waited ${LIMIT_MS} ms for: ${what}${this.#transcript()}`)
      await delay(LOOK_EVERY_MS)
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  closeStdout(): void {
    this.#child.stdout?.destroy()
  }

  /** @returns the exit code, as a shell counts. */
  async end(): Promise<number> {
    const code = await Promise.race([this.#exit, delay(LIMIT_MS, undefined, { ref: false })])
    if (code === undefined) throw new Error(`still running after ${LIMIT_MS} ms${this.#transcript()}`)
    return code
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#exitCode === undefined) {
      this.signal('SIGTERM')
      this.signal('SIGINT')
      await this.end().catch(() => this.signal('SIGKILL'))
    }
    await this.#exit
  }

  /** For the message of an assertion. */
  #transcript(): string {
    return `; exit code ${this.#exitCode ?? 'none yet'}; its last output:\n${this.#stdout.slice(-SHOWN_OF_OUTPUT)}\n${this.#stderr.slice(-SHOWN_OF_OUTPUT)}`
  }

  #notePods(): void {
    const instances = join(this.stateDirectory, 'instances')
    for (const instance of namesIn(instances)) {
      for (const uid of namesIn(join(instances, instance, 'pods'))) this.#podUids.add(uid)
    }
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw error
  }
}
