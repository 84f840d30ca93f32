import type { Change } from './change.ts'

/** Where changes are kept beyond this process. */
export interface Journal {
  /** Makes all of them durable, or none, before it returns. @throws Failure */
  append(changes: readonly Change[]): void
  /** Changes after this version are still known here. */
  readonly oldest: number
  /** The next changes after a version that is not older than `oldest`, at most so many. */
  read(after: number, limit: number): readonly Change[]
  close(): void
}
