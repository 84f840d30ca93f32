import { rfc3339 } from '../../kube/api/rfc3339.ts'
import { SYSTEM_PRIORITY_CLASSES } from '../../kube/api/system-priority-classes.ts'
import { PRIORITY_CLASSES } from '../store/resources.ts'
import type { ServerParts } from './server-parts.ts'

/** Makes the priority classes that every cluster has, where they are missing. */
export async function makeStandingPriorityClasses({
  store,
  ids,
  clock,
}: Pick<ServerParts, 'store' | 'ids' | 'clock'>): Promise<void> {
  const creationTimestamp = rfc3339(clock.nowMs())
  const missing = SYSTEM_PRIORITY_CLASSES.filter(({ name }) => store.get(PRIORITY_CLASSES, { name }) === undefined)
  await Promise.all(
    missing.map(({ name, value, description }) =>
      store.create(PRIORITY_CLASSES, {
        apiVersion: 'scheduling.k8s.io/v1',
        kind: 'PriorityClass',
        metadata: { name, uid: ids.uid(), generation: 1, creationTimestamp },
        value,
        description,
        preemptionPolicy: 'PreemptLowerPriority',
      }),
    ),
  )
}
