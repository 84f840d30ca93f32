import type { Resource } from '../../store/store.ts'
import type { Kind } from './kind.ts'

const APPS = { group: 'apps', version: 'v1', namespaced: true }

/**
 * Workloads that this server does not run, so there are none of them: typed clients (`kubectl cluster-info dump`, the
 * conformance suite) list them unasked and give up when they can't. Discovery does not name them: who wants to make one is
 * told that there is no such thing.
 */
export const WORKLOADS_TO_COME: readonly Resource[] = [
  { group: '', version: 'v1', plural: 'replicationcontrollers', kind: 'ReplicationController', namespaced: true },
  { ...APPS, plural: 'daemonsets', kind: 'DaemonSet' },
  { ...APPS, plural: 'deployments', kind: 'Deployment' },
  { ...APPS, plural: 'replicasets', kind: 'ReplicaSet' },
  { ...APPS, plural: 'statefulsets', kind: 'StatefulSet' },
]

export function workloadToCome(resource: Resource): Kind {
  return {
    resource,
    singular: resource.kind.toLowerCase(),
    shortNames: [],
    subresources: [],
    canDeleteCollection: false,
    isReadOnly: true,
    selectableFields: [],
    fieldValue: () => '',
    rules: () => Promise.reject(new TypeError(`a ${resource.kind} is not stored`)),
  }
}
