/** One thing that pods need of the machine, and how it is here. */
export interface Check {
  /** Such as `OCI runtime`. */
  readonly name: string
  readonly is: 'ok' | 'warning' | 'missing'
  /** What was found, or what is wrong. */
  readonly detail: string
  /** The command that mends it, or a sentence where no command does. */
  readonly remedy?: string
}
