import type { NotStarted, ProbeKind } from './observed-pod.ts'
import type { ProbeOutcome } from './probe-verdict.ts'
import type { SandboxScript } from './simulated-sandbox.ts'

/** What one instance of a container does on a simulated machine. */
export interface InstanceScript {
  /** From the order to start until its process runs, or until it is known that none will. */
  readonly startMs: number
  readonly fails?: NotStarted['reason'] | 'StartError'
  /** Until it ends by itself; Infinity: never. */
  readonly runMs: number
  readonly exitCode: number
  /** Completed or Error, according to the exit code, when absent. */
  readonly reason?: string
  readonly message?: string
  /** How long its hooks take, if it has them; Infinity: for ever. */
  readonly postStart?: { readonly ms: number; readonly fails: boolean }
  readonly preStopMs?: number
  /** What its probes find, run by run; after the last one they are not run any more. */
  readonly probes?: Readonly<Partial<Record<ProbeKind, readonly ProbeOutcome[]>>>
  /** From the stop signal to its end; Infinity: it ignores the signal. */
  readonly termMs: number
  readonly termExitCode: number
}

export interface MachineScript extends SandboxScript {
  readonly killMs: number
  /** By container name: one after the other for each order to start; the last one repeats. */
  readonly instances: Readonly<Record<string, readonly InstanceScript[]>>
}
