import type { CliEnvironment } from './cli-environment.ts'
import type { ParsedFlags } from './parsed-flags.ts'

/** One command, as data: parsing, help texts and suggestions come from here alone. */
export interface Command {
  /** The words that call it: `run`, `image pull`. */
  readonly name: string
  /** One line, for the list of commands. */
  readonly summary: string
  /** Paragraphs for `--help`. */
  readonly description?: string
  readonly operands: Operands
  readonly flags: readonly Flag[]
  readonly examples: readonly Example[]
  /** Brings in the code that carries it out: not before it is needed. */
  readonly load: () => Promise<CommandAction>
}

export interface Operands {
  /** As in the usage line: `FILE...`; '' when there are none. */
  readonly usage: string
  readonly atLeast: number
  readonly atMost: number
}

export type Flag = {
  /** Without dashes. */
  readonly name: string
  /** One letter. */
  readonly short?: string
  readonly help: string
} & (
  | { readonly type: 'boolean' }
  /** `value` is what the help text calls the value: `DIR`. */
  | { readonly type: 'text'; readonly value: string; readonly repeatable?: boolean }
  /** A Go duration: `30s`, `1m30s`. */
  | { readonly type: 'duration' }
  /** A whole number, 0 or more. */
  | { readonly type: 'count'; readonly value: string }
  | { readonly type: 'choice'; readonly choices: readonly string[] }
)

interface Example {
  readonly command: string
  readonly shows: string
}

export interface Invocation {
  readonly flags: ParsedFlags
  readonly operands: readonly string[]
  /** How many operands stand before `--`; undefined when there is none. */
  readonly dashAt: number | undefined
  readonly environment: CliEnvironment
}

/** @returns the exit code. */
type CommandAction = (invocation: Invocation) => Promise<number>

export const NO_OPERANDS: Operands = { usage: '', atLeast: 0, atMost: 0 }
