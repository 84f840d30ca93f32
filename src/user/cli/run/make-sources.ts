import { Failure } from '../../../failure.ts'
import type { ApiClient } from '../../client/open-client.ts'
import { type ApiObject, CONFIG_MAPS, type ResourceType, SECRETS } from '../../client/resource-type.ts'
import type { SourceKind, SourceManifest } from './examine-source.ts'

type Client = Pick<ApiClient, 'create' | 'delete'>

const TYPES: Readonly<Record<SourceKind, ResourceType<ApiObject>>> = { ConfigMap: CONFIG_MAPS, Secret: SECRETS }

/**
 * Makes the objects that the command's Pods stand on. What was made is deleted when the result is disposed of, and also
 * when one of them cannot be made.
 */
export async function makeSources(client: Client, sources: readonly SourceManifest[]): Promise<AsyncDisposable> {
  await using made = new AsyncDisposableStack()
  for (const source of sources) {
    const type = TYPES[source.kind]
    const { metadata } = await client.create(type, source)
    const { namespace } = source.metadata
    made.defer(() => deleteIfThere(client, type, { namespace, name: metadata.name }))
  }
  return made.move()
}

async function deleteIfThere(
  client: Client,
  type: ResourceType<ApiObject>,
  name: { readonly namespace: string; readonly name: string },
): Promise<void> {
  try {
    await client.delete(type, name)
  } catch (error) {
    if (!(error instanceof Failure && error.reason === 'NotFound')) throw error
  }
}
