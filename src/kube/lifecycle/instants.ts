/** An instant as Kubernetes writes it: RFC 3339, UTC, whole seconds. */
export function rfc3339(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`
}

/** A span as Go prints it: `10s`, `1m20s`, `5m0s`. */
export function goDuration(spanMs: number): string {
  const minutes = Math.floor(spanMs / 60_000)
  const seconds = Math.round((spanMs % 60_000) / 100) / 10
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds}s`
}
