import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../../failure.ts'
import type { ApiClient } from '../../client/open-client.ts'
import type { ApiObject } from '../../client/resource-type.ts'
import { findObject, type PlacedObject } from '../objects/place-objects.ts'

export interface ApplyOptions {
  readonly client: ApiClient
  /** Take over fields that others manage. */
  readonly force: boolean
  readonly dryRun: boolean
  readonly signal: AbortSignal
}

export interface AppliedObject extends PlacedObject {
  readonly is: 'created' | 'configured' | 'unchanged'
  readonly object: ApiObject
}

/** A namespace gets its service account a moment after it was made, and takes no Pods before that. */
const ACCOUNT_LIMIT_MS = 15_000
const ACCOUNT_RETRY_MS = 50

/**
 * Server-side apply of one object.
 *
 * @throws Failure Conflict when others manage what it says otherwise; Invalid; and all that the server refuses.
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
export async function applyObject(wanted: PlacedObject, options: ApplyOptions): Promise<AppliedObject> {
  const before = await findObject(options.client, wanted)
  const object = await withAccount(() => apply(wanted, options), options.signal)
  const isSame = before?.metadata.resourceVersion === object.metadata.resourceVersion
  return { ...wanted, object, is: before === undefined ? 'created' : isSame ? 'unchanged' : 'configured' }
}

async function apply(wanted: PlacedObject, { client, force, dryRun }: ApplyOptions): Promise<ApiObject> {
  const { type, name, namespace, value } = wanted
  try {
    return await client.patch(
      type,
      { name, body: value, ...(namespace === undefined ? {} : { namespace }) },
      {
        type: 'apply',
        fieldValidation: 'Strict',
        ...(force ? { force: true } : {}),
        ...(dryRun ? { dryRun: 'All' } : {}),
      },
    )
  } catch (error) {
    throw advised(error, wanted)
  }
}

async function withAccount<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const untilMs = performance.now() + ACCOUNT_LIMIT_MS
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!lacksAccount(error) || performance.now() > untilMs) throw error
      await delay(ACCOUNT_RETRY_MS, undefined, { signal })
    }
  }
}

function lacksAccount(error: unknown): boolean {
  return (
    error instanceof Failure &&
    error.reason === 'Forbidden' &&
    /service ?account "?default"? not found|looking up service account/i.test(error.message)
  )
}

function advised(error: unknown, { type }: PlacedObject): unknown {
  if (!(error instanceof Failure)) return error
  const { reason, message, details } = error
  const advice =
    reason === 'Conflict'
      ? 'use --force-conflicts to take these fields over'
      : reason === 'Invalid' && /may not change fields|field is immutable|may not be changed/.test(message)
        ? `a ${type.kind} cannot be changed so: "peapod down" it first`
        : undefined
  if (advice === undefined) return error
  return new Failure(reason, `${message}; ${advice}`, { cause: error, ...(details === undefined ? {} : { details }) })
}
