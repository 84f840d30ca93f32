import { rfc3339 } from '../../../kube/api/rfc3339.ts'
import { DEFAULT_CLUSTER_ROLE_BINDINGS, DEFAULT_CLUSTER_ROLES } from '../../../kube/api/rbac/default-policy.ts'
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES } from '../../store/resources.ts'
import type { KubeObject, Resource } from '../../store/store.ts'
import type { ServerParts } from '../server-parts.ts'

/** Makes the roles and bindings of every cluster where they are missing; what was changed since stays as it is. */
export async function makeDefaultPolicy(parts: Pick<ServerParts, 'store' | 'ids' | 'clock'>): Promise<void> {
  await Promise.all([
    makeMissing(parts, CLUSTER_ROLES, DEFAULT_CLUSTER_ROLES),
    makeMissing(parts, CLUSTER_ROLE_BINDINGS, DEFAULT_CLUSTER_ROLE_BINDINGS),
  ])
}

async function makeMissing<T extends KubeObject>(
  { store, ids, clock }: Pick<ServerParts, 'store' | 'ids' | 'clock'>,
  resource: Resource<T>,
  wanted: readonly object[],
): Promise<void> {
  const creationTimestamp = rfc3339(clock.nowMs())
  const missing = (wanted as readonly T[]).filter(
    ({ metadata: { name = '' } }) => store.get(resource, { name }) === undefined,
  )
  await Promise.all(
    missing.map((object) =>
      store.create(resource, { ...object, metadata: { ...object.metadata, uid: ids.uid(), creationTimestamp } }),
    ),
  )
}
