import type { Readable, Writable } from 'node:stream'
import type { CliMachine } from './cli-machine.ts'

/** A stream to write to, which may be a terminal. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number }

export type InterruptSignal = 'SIGINT' | 'SIGTERM'

/** All that a command may touch outside itself. */
export interface CliEnvironment {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absolute. */
  readonly cwd: string
  /** Epoch milliseconds. */
  readonly nowMs: () => number
  /** Calls back at each signal instead of ending the process, until the returned function is called. */
  readonly onInterrupt: (listener: (signal: InterruptSignal) => void) => () => void
  readonly machine: CliMachine
}
