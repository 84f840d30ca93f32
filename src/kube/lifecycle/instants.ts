/** A span as Go prints it: `10s`, `1m20s`, `5m0s`. */
export function goDuration(spanMs: number): string {
  const minutes = Math.floor(spanMs / 60_000)
  const seconds = Math.round((spanMs % 60_000) / 100) / 10
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds}s`
}
