import type { AccessAttributes } from '../../kube/api/rbac/access-attributes.ts'

/** Who counts and times requests. */
export interface RequestMetrics {
  arrived(): RequestMeter
  /** Everything that is counted, as Prometheus reads it (text format 0.0.4). */
  text(): string
}

/** One request that is being answered. */
export interface RequestMeter {
  /** What it turned out to be about; never called for one that nobody understands. */
  asks(wanted: AccessAttributes): void
  /** It is answered, or its client is gone. @param code of HTTP. */
  ended(code: number): void
}
