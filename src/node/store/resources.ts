import type { CoreV1Event, V1Namespace } from '@kubernetes/client-node'
import type { Json, Pod } from '../../kube/api/pod.ts'
import type { KubeObject, Resource } from './store.ts'

type Typed<T> = Omit<Json<T>, keyof KubeObject> & KubeObject

/** A core/v1 Event. */
export type Event = Typed<CoreV1Event>
export type Namespace = Typed<V1Namespace>

export const PODS: Resource<Pod> = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true }

export const EVENTS: Resource<Event> = { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true }

export const NAMESPACES: Resource<Namespace> = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
}
