import type { Measured } from './measure.ts'
import type { Workbench } from './workbench.ts'

/** One thing that is measured. */
export interface Scenario {
  /** How it is asked for: one letter. */
  readonly letter: string
  readonly title: string
  run(bench: Workbench): Promise<Outcome>
}

export type Outcome = { readonly skipped: string } | Findings

export interface Findings {
  readonly measured: readonly Measured[]
  /** What a reader must know to read the numbers. */
  readonly notes: readonly string[]
  readonly targets: readonly Target[]
}

/** What peapod's share of another contender's time may be. */
export interface Target {
  readonly step: string
  readonly contender: string
  /** Peapod's median over the other's. */
  readonly atMost: number
}

/** The contender that the others are compared with. */
export const PEAPOD = 'peapod'
