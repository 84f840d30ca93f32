import { Failure } from '../../../failure.ts'
import type { PodManifest } from '../../../kube/api/parse-pod.ts'
import type { ApiClient } from '../../client/open-client.ts'
import { NAMESPACES } from '../../client/resource-type.ts'

/** A server that was started for these pods alone has no other namespaces than the ones they want. */
export async function ensureNamespaces(client: ApiClient, pods: readonly PodManifest[]): Promise<void> {
  const names = new Set(pods.map((pod) => pod.metadata.namespace))
  await Promise.all([...names].filter((name) => name !== 'default').map((name) => ensureNamespace(client, name)))
}

async function ensureNamespace(client: ApiClient, name: string): Promise<void> {
  try {
    await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  } catch (error) {
    if (!(error instanceof Failure && error.reason === 'AlreadyExists')) throw error
  }
}
