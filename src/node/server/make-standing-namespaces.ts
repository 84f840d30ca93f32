import { rfc3339 } from '../../kube/api/rfc3339.ts'
import { NAMESPACES } from '../store/resources.ts'
import { STANDING_NAMESPACES } from './kinds/namespace.ts'
import type { ServerParts } from './server-parts.ts'

/** Makes the namespaces that every cluster has, where they are missing. */
export async function makeStandingNamespaces({
  store,
  ids,
  clock,
}: Pick<ServerParts, 'store' | 'ids' | 'clock'>): Promise<void> {
  const creationTimestamp = rfc3339(clock.nowMs())
  const missing = STANDING_NAMESPACES.filter((name) => store.get(NAMESPACES, { name }) === undefined)
  await Promise.all(
    missing.map((name) =>
      store.create(NAMESPACES, {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, uid: ids.uid(), creationTimestamp, labels: { 'kubernetes.io/metadata.name': name } },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      }),
    ),
  )
}
