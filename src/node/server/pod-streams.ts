import type { Pod } from '../../kube/api/pod.ts'

/** What a log request asks for, checked: the container is one of the pod's. */
export interface PodLogOptions {
  readonly container: string
  /** Goes on with what is written until the container's instance is over. */
  readonly follow: boolean
  /** The instance before the newest one. */
  readonly previous: boolean
  /** Each line begins with an RFC 3339 instant and a space. */
  readonly timestamps: boolean
  /** Each line begins with `stdout` or `stderr` and a space; after its instant, if it has one. */
  readonly streamNames: boolean
  /** Only what was written there; absent: both. */
  readonly stream?: 'stdout' | 'stderr'
  /** Only so many of the last lines. */
  readonly tailLines?: number
  /** Only lines from this instant on. */
  readonly sinceMs?: number
  /** Aborts when nobody reads any more. */
  readonly signal: AbortSignal
}

/** The bytes of running pods: who runs them fills it in. */
export interface PodStreams {
  /**
   * @returns once it is known that there is a log, so that a Failure is still told as a Status.
   * @throws Failure BadRequest when the container has not started yet; NotFound for an instance that never was
   */
  log(pod: Pod, options: PodLogOptions): Promise<AsyncIterable<Uint8Array>>
}
