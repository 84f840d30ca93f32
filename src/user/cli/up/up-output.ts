import type { Pod } from '../../../kube/api/pod.ts'
import type { PodNews } from '../run/pod-news.ts'
import type { AppliedObject } from './apply-object.ts'
import type { PodOutcome } from './await-pods.ts'

/** Where `up` shows what it does. What is told is written in order, after what was told before. */
export interface UpOutput {
  applied(object: AppliedObject, dryRun: boolean): void
  news(pod: Pod, news: PodNews): void
  /** Settles when all is written. */
  end(outcomes: readonly PodOutcome[], exitCode: number): Promise<void>
}
