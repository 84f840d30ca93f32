/** An instant as Kubernetes writes it: RFC 3339, UTC, whole seconds. */
export function rfc3339(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`
}
