import { Failure, messageOf } from '../../failure.ts'

/** Where a list goes on: the state it began with, and the last object that was sent. */
export interface ContinueToken {
  /** undefined: that state is forgotten, the list goes on with the newest one. */
  readonly resourceVersion: string | undefined
  readonly after: string
}

/** What stands for the newest state. */
const NEWEST = -1

/** As Kubernetes writes it: base64 of a small JSON document, opaque to clients. */
export function writeContinueToken({ resourceVersion, after }: ContinueToken): string {
  const rv = resourceVersion === undefined ? NEWEST : Number(resourceVersion)
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv, start: after })).toString('base64url')
}

/** @throws Failure BadRequest */
export function parseContinueToken(text: string): ContinueToken {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch (thrown) {
    throw invalidToken(messageOf(thrown))
  }
  const { v, rv, start } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  if (v !== 'meta.k8s.io/v1') throw invalidToken('incorrect encoded version')
  if (!Number.isSafeInteger(rv) || typeof start !== 'string') throw invalidToken('incorrect encoded start')
  return { resourceVersion: rv === NEWEST ? undefined : String(rv), after: start }
}

function invalidToken(why: string): Failure {
  return new Failure('BadRequest', `invalid continue token: continue key is not valid: ${why}`)
}
