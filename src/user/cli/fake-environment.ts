import { Readable, Writable } from 'node:stream'
import type { Endpoint } from '../client/endpoint.ts'
import type { CliEnvironment, InterruptSignal } from './cli-environment.ts'
import type { CliMachine, ConnectOptions, ImageCommands, MachineCheck } from './cli-machine.ts'
import { runCli } from './cli.ts'
import type { ServerAccess } from './kubeconfig/merge-kubeconfig.ts'

/** A stream that keeps what is written. */
export class KeptOutput extends Writable {
  readonly isTTY: boolean
  readonly columns: number
  readonly #chunks: Buffer[] = []
  readonly #waiting = new Set<() => void>()
  /** Fails every write from now on, as a pipe does whose reader went away. */
  isClosed = false

  constructor(terminal: boolean, columns = 80) {
    super()
    this.isTTY = terminal
    this.columns = columns
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8')
  }

  /** Settles when the text has come. */
  async shows(text: string): Promise<void> {
    while (!this.text.includes(text)) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    if (this.isClosed) {
      done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
      return
    }
    this.#chunks.push(chunk)
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
    done()
  }
}

export interface FakeWorld {
  readonly endpoint?: Endpoint
  readonly images?: Partial<ImageCommands>
  readonly checks?: readonly MachineCheck[]
  readonly connect?: (options: ConnectOptions) => Promise<void>
  readonly serve?: CliMachine['serve']
  /** Whether the server runs inside the command; absent: it does. */
  readonly embedded?: boolean
  readonly serverAccess?: ServerAccess
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly stdin?: string
  readonly terminal?: boolean
  readonly nowMs?: () => number
}

/** One call of the CLI, from outside: what it writes, and the keys that are pressed. */
export class FakeCall {
  readonly stdout: KeptOutput
  readonly stderr: KeptOutput
  readonly exitCode: Promise<number>
  /** Whether the connection was closed in the end. */
  isStopped = false
  readonly #listeners = new Set<(signal: InterruptSignal) => void>()

  constructor(argv: readonly string[], world: FakeWorld = {}) {
    this.stdout = new KeptOutput(world.terminal ?? false)
    this.stderr = new KeptOutput(world.terminal ?? false)
    const environment: CliEnvironment = {
      stdin: Object.assign(Readable.from(world.stdin === undefined ? [] : [Buffer.from(world.stdin)]), {
        isTTY: world.terminal ?? false,
      }),
      stdout: this.stdout,
      stderr: this.stderr,
      env: world.env ?? {},
      cwd: world.cwd ?? '/nowhere',
      nowMs: world.nowMs ?? (() => Date.UTC(2026, 10, 20)),
      onInterrupt: (listener) => {
        this.#listeners.add(listener)
        return () => this.#listeners.delete(listener)
      },
      machine: this.#machine(world),
    }
    this.exitCode = runCli(argv, environment)
  }

  interrupt(signal: InterruptSignal = 'SIGINT'): void {
    for (const listener of this.#listeners) listener(signal)
  }

  #machine(world: FakeWorld): CliMachine {
    return {
      version: '1.2.3',
      connect: async (options) => {
        await world.connect?.(options)
        return {
          endpoint: world.endpoint ?? { socketPath: '/nowhere/api.sock' },
          embedded: world.embedded ?? true,
          stop: () => {
            this.isStopped = true
            return Promise.resolve()
          },
        }
      },
      findServer: () => Promise.resolve(world.endpoint),
      serve: (options) => (world.serve ?? neverReady)(options),
      serverAccess: () =>
        world.serverAccess === undefined
          ? Promise.reject(new Error('this machine has no server'))
          : Promise.resolve(world.serverAccess),
      openImages: () => Promise.resolve((world.images ?? {}) as ImageCommands),
      doctor: () => Promise.resolve(world.checks ?? []),
    }
  }
}

const neverReady: CliMachine['serve'] = () => Promise.reject(new Error('this machine has no server'))

/** Calls the CLI and waits for its end. */
export async function callCli(argv: readonly string[], world: FakeWorld = {}) {
  const call = new FakeCall(argv, world)
  const exitCode = await call.exitCode
  return { exitCode, stdout: call.stdout.text, stderr: call.stderr.text }
}
