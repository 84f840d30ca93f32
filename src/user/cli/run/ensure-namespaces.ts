import { Failure } from '../../../failure.ts'
import type { ApiClient } from '../../client/open-client.ts'
import { NAMESPACES } from '../../client/resource-type.ts'

interface Placed {
  readonly metadata: { readonly namespace: string }
}

/** A server that was started for these objects alone has no other namespaces than the ones they want. */
export async function ensureNamespaces(client: ApiClient, wanted: readonly Placed[]): Promise<void> {
  const names = new Set(wanted.map(({ metadata }) => metadata.namespace))
  await Promise.all([...names].filter((name) => name !== 'default').map((name) => ensureNamespace(client, name)))
}

async function ensureNamespace(client: ApiClient, name: string): Promise<void> {
  try {
    await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  } catch (error) {
    if (!(error instanceof Failure && error.reason === 'AlreadyExists')) throw error
  }
}
