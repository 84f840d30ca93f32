import type { Pod } from '../../kube/api/pod.ts'
import type { ProbeKind } from '../../kube/lifecycle/observed-pod.ts'
import type { ProbeOutcome } from '../../kube/lifecycle/probe-verdict.ts'

/** Who counts what the engine does. */
export interface EngineMetrics {
  /** Every app container of a pod has begun for the first time, so long after the engine took the pod in. */
  podStarted(seconds: number): void
  probed(pod: Pod['metadata'], probe: ProbeRun): void
  /** Nothing of a pod is on the machine any more, and nothing more will be told of it. */
  podGone(uid: string): void
}

/** One run of a probe of a container that was there to its end. */
export interface ProbeRun {
  readonly container: string
  readonly kind: ProbeKind
  readonly outcome: ProbeOutcome
}
