import type { ConmonPrograms } from './conmon-command.ts'
import type { ExitWatch } from './exit-watch.ts'
import type { OciMachine } from './oci-config.ts'
import type { RuntimeLayout } from './runtime-layout.ts'

export type RuntimeKind = 'crun' | 'runc'

/** What every operation of one open runtime works with. */
export interface OciInstance {
  readonly programs: ConmonPrograms
  readonly runtimeKind: RuntimeKind
  readonly layout: RuntimeLayout
  readonly machine: OciMachine
  readonly exits: ExitWatch
}
