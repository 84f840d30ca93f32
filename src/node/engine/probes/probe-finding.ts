/** What one run of a probe found. */
export type ProbeFinding =
  | { readonly is: 'success' }
  /** Counts as success; the message becomes an event. */
  | { readonly is: 'warning'; readonly message: string }
  | { readonly is: 'failure'; readonly message: string }
  /** It could not be run, which says nothing about the container (P7). */
  | { readonly is: 'error'; readonly message: string }
  /** The container ended before the probe did. */
  | { readonly is: 'gone' }

export interface ProbeLimits {
  /** Seconds, as the manifest has them: they are quoted in messages. */
  readonly timeoutSeconds: number
  readonly signal: AbortSignal
}

/** The version of Kubernetes whose node this one behaves like, as servers log it: `kube-probe/1.36`. */
export const NODE_VERSION = '1.36'

/** `1s`, `1m30s`, `2h0m5s`: as the kubelet writes durations. */
export function durationText(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60]
  if (hours > 0) return `${hours}h${minutes}m${rest}s`
  return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`
}
