import type { NodeFacts } from '../../kube/lifecycle/node-fit.ts'
import type { BackOff } from '../../kube/lifecycle/restart-delay.ts'
import type { ImageSource, PullProgress } from '../../machine/image/image.ts'
import type { ContainerRuntime } from '../../machine/runtime/container-runtime.ts'
import type { Sandbox, SandboxPlan } from '../../machine/sandbox/sandbox.ts'
import type { Store } from '../store/store.ts'
import type { Clock } from './clock.ts'
import type { EngineMetrics } from './engine-metrics.ts'
import type { LogLimits } from './logs/compute-log-rotation.ts'
import type { MachineFacts } from './machine-facts.ts'
import type { PodApi } from './pod-api.ts'

/** Makes and removes what the containers of a pod share. */
export interface SandboxMaker {
  create(plan: SandboxPlan, signal: AbortSignal): Promise<Sandbox>
  /** Complete and idempotent, whatever state the sandbox is in. */
  remove(sandbox: Pick<SandboxPlan, 'id' | 'directory' | 'cgroupPath' | 'network'>): Promise<void>
  /** Gives the cgroup of a sandbox in use other limits. @throws Failure SystemCallFailed when the machine refuses */
  changeLimits(cgroupPath: string, limits: SandboxPlan['cgroup']): void
  /** The memory that a cgroup and all below it hold now; undefined where nobody counts it. */
  memoryInUseBytes(cgroupPath: string): number | undefined
  /** The sandbox in a directory; undefined unless all of it is there. */
  load(directory: string): Promise<Sandbox | undefined>
}

export interface Outlived {
  /** Names this run of the machine, from its start to its end. */
  readonly bootId: string
}

/** What the engine is made of: everything it reaches the world through. */
export interface EngineParts {
  readonly store: Store
  readonly images: ImageSource
  readonly runtime: ContainerRuntime
  readonly sandboxes: SandboxMaker
  readonly clock: Clock
  readonly machine: MachineFacts
  readonly nodeName: string
  /** What this machine promises to pods: one that does not fit is rejected. */
  readonly node: NodeFacts
  /** Everything of this engine's pods lies below it; see pod-paths.ts. */
  readonly instanceDirectory: string
  /** Absent: no program in a pod is to know of the API. */
  readonly api?: PodApi
  /**
   * The pods outlive this engine: what the next one on the same directory needs to go on is kept on disk. Absent: they end
   * with it.
   */
  readonly outlived?: Outlived
  /** How long containers stay down (R2, R4); absent: as Kubernetes has it. */
  readonly backOff?: BackOff
  /** How much of each container's output is kept (Q9); absent: all of it, in one file. */
  readonly logLimits?: LogLimits
  /** What a pull tells as it goes, by the image reference as the manifest has it. */
  readonly onPullProgress?: (reference: string, progress: PullProgress) => void
  /** Absent: nothing is counted. */
  readonly metrics?: EngineMetrics
  /** One line for the server's own log: what failed and is tried again. */
  readonly log: (line: string) => void
}
