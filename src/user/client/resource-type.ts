import type { CoreV1Event } from '@kubernetes/client-node'
import type { Json, Pod } from '../../kube/api/pod.ts'

/** What every Kubernetes object has. */
export interface ApiObject {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly resourceVersion?: string }
}

/** How one kind of object is addressed. `T` is what the server answers with. */
export interface ResourceType<T extends ApiObject> {
  readonly apiVersion: string
  readonly kind: string
  /** As it stands in the path. */
  readonly plural: string
  readonly namespaced: boolean
  /** Never set: it carries the type. */
  readonly answers?: T
}

export type PodEvent = Omit<Json<CoreV1Event>, 'metadata'> & ApiObject

export const PODS: ResourceType<Pod> = { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true }
export const EVENTS: ResourceType<PodEvent> = { apiVersion: 'v1', kind: 'Event', plural: 'events', namespaced: true }

export const NAMESPACES: ResourceType<ApiObject> = {
  apiVersion: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
}

export const CONFIG_MAPS: ResourceType<ApiObject> = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
}

export const SECRETS: ResourceType<ApiObject> = {
  apiVersion: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
}

/** Which objects: all of a namespace, or the one with a name. */
export interface ObjectAddress {
  readonly namespace?: string
  readonly name?: string
  readonly subresource?: string
}

/** `/api/v1/namespaces/default/pods/web/log` and the like, escaped. */
export function resourcePath(type: ResourceType<ApiObject>, address: ObjectAddress = {}): string {
  const root = type.apiVersion.includes('/') ? `/apis/${type.apiVersion}` : `/api/${type.apiVersion}`
  const parts = [
    ...(type.namespaced && address.namespace !== undefined ? ['namespaces', address.namespace] : []),
    type.plural,
    ...(address.name === undefined ? [] : [address.name]),
    ...(address.subresource === undefined ? [] : [address.subresource]),
  ]
  return [root, ...parts.map(encodeURIComponent)].join('/')
}

/** `?watch=true&…`, without the parameters that are undefined. */
export function queryString(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = Object.entries(parameters).filter((entry) => entry[1] !== undefined)
  if (given.length === 0) return ''
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}`
}
