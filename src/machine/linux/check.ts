/** What `doctor` says of one thing that peapod needs. */
export interface Check {
  readonly name: string
  /** warning: pods run, but something of them does not. missing: no pod runs. */
  readonly is: 'ok' | 'warning' | 'missing'
  readonly detail: string
  /** The command, or what else a person can do. */
  readonly remedy?: string
}
