import type { ApiClient } from '../../client/open-client.ts'
import { Failure } from '../../../failure.ts'
import type { ApiObject, ResourceType } from '../../client/resource-type.ts'

export interface GoneOptions {
  readonly client: ApiClient
  /** Of the object that is to go; absent: whatever has the name. */
  readonly uid?: string
  /** Ends the waiting. */
  readonly signal: AbortSignal
}

/** @returns whether the object is gone, or another one has its name; false when the signal came first. */
export async function untilGone(
  type: ResourceType<ApiObject>,
  address: { readonly name: string; readonly namespace?: string },
  { client, uid, signal }: GoneOptions,
): Promise<boolean> {
  const { name, namespace } = address
  const isIt = ({ metadata }: ApiObject): boolean =>
    uid === undefined || (metadata as { readonly uid?: string }).uid === uid
  const found = await client.get(type, address).catch((error: unknown) => {
    if (error instanceof Failure && error.reason === 'NotFound') return undefined
    throw error
  })
  const { resourceVersion } = found?.metadata ?? {}
  if (found === undefined || resourceVersion === undefined || !isIt(found)) return true
  const changes = client.watch(type, {
    ...(namespace === undefined ? {} : { namespace }),
    fieldSelector: `metadata.name=${name}`,
    resourceVersion,
    signal,
  })
  for await (const { type: change, object } of changes) if (change === 'DELETED' || !isIt(object)) return true
  return false
}
