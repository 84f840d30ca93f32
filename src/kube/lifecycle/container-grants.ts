import type { Container, ContainerStatus } from '../api/pod.ts'
import { amountsOf } from './allocation.ts'
import type { ObservedContainer } from './observed-pod.ts'

type Grants = Pick<ContainerStatus, 'allocatedResources' | 'resources' | 'user' | 'volumeMounts'>

/**
 * What a container was given: its mounts from the beginning, resources and identity once there is one (Q6, I2, V4).
 *
 * @param container with the amounts that it was promised.
 */
export function containerGrants(container: Container, record: ObservedContainer | undefined): Grants {
  const { requests } = container.resources ?? {}
  const mounts = (container.volumeMounts ?? []).map(({ name, mountPath, readOnly = false }) => ({
    name,
    mountPath,
    ...(readOnly && { readOnly, recursiveReadOnly: 'Disabled' }),
  }))
  const isThere = record?.state.is === 'running' || record?.state.is === 'exited'
  return {
    ...(isThere && {
      ...(requests !== undefined && { allocatedResources: requests }),
      resources: record.amounts ?? amountsOf(container),
      ...(record.user !== undefined && { user: { linux: record.user } }),
    }),
    ...(mounts.length > 0 && { volumeMounts: mounts }),
  }
}
