/** Instants of this engine are taken a moment before or after others that they are compared with. */
const TOLERANCE_MS = 1_000

/**
 * What was seen cannot lie in the future: such an instant was noted by a clock that has been set back since. It is dated
 * now, so that back-offs and grace periods end. By the names that all instants have here (`…AtMs`, `sinceMs`), at any depth.
 *
 * @returns the same value when nothing of it lies in the future.
 */
export function clampInstants<T>(value: T, nowMs: number): T {
  if (typeof value !== 'object' || value === null) return value
  let clamped: Record<string, unknown> | undefined
  for (const [name, field] of Object.entries(value)) {
    const kept = isInstant(name) && isLater(field, nowMs) ? nowMs : clampInstants<unknown>(field, nowMs)
    if (kept === field) continue
    clamped ??= (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string, unknown>
    clamped[name] = kept
  }
  return clamped === undefined ? value : (clamped as T)
}

function isInstant(name: string): boolean {
  return name.endsWith('AtMs') || name === 'sinceMs'
}

function isLater(field: unknown, nowMs: number): boolean {
  return typeof field === 'number' && field > nowMs + TOLERANCE_MS
}
