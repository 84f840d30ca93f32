import type { Readable, Writable } from 'node:stream'
import type { CliMachine } from './cli-machine.ts'

/** A stream to write to, which may be a terminal. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number }

/** A stream to read from, which may be a terminal: raw, each key comes as it is pressed, Ctrl-C among them. */
export type InputStream = Readable & { readonly isTTY?: boolean; readonly setRawMode?: (isRaw: boolean) => unknown }

export type InterruptSignal = 'SIGINT' | 'SIGTERM'

/** All that a command may touch outside itself. */
export interface CliEnvironment {
  readonly stdin: InputStream
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
