import { DEFAULT_STATE_DIRECTORY } from './common-flags.ts'

export type FlagValue = true | string | number | readonly string[]

/** The flags of one call, each checked against its declaration. */
export class ParsedFlags {
  readonly #values: ReadonlyMap<string, FlagValue>

  constructor(values: ReadonlyMap<string, FlagValue>) {
    this.#values = values
  }

  isSet(name: string): boolean {
    return this.#values.has(name)
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name)
    return typeof value === 'string' ? value : undefined
  }

  /** Every value of a repeatable flag, in order. */
  texts(name: string): readonly string[] {
    const value = this.#values.get(name)
    return typeof value === 'object' ? value : []
  }

  /** A count, or a duration in milliseconds. */
  number(name: string): number | undefined {
    const value = this.#values.get(name)
    return typeof value === 'number' ? value : undefined
  }

  stateDirectory(env: Readonly<Record<string, string | undefined>>): string {
    return this.text('state-dir') ?? (env['PEAPOD_STATE_DIR'] || DEFAULT_STATE_DIRECTORY)
  }
}
