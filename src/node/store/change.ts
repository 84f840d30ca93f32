import type { KubeObject, ObjectKey, Resource, Selection, WatchEvent } from './store.ts'

/** One entry of the one sequence of changes. */
export interface Change {
  readonly resourceVersion: number
  /** Which resource: see resourceId. */
  readonly resourceId: string
  /** Which object of it: see keyText. */
  readonly key: string
  /** The new state, or the last one of an object that was removed. */
  readonly object: KubeObject
  /** The state before; absent when the object was created. */
  readonly previous?: KubeObject
  readonly removed: boolean
}

/** Versions of one group's resource share their objects, so the version is no part of it. */
export function resourceId(resource: Resource): string {
  return `${resource.group}/${resource.plural}`
}

/** An object's place in its resource, and in every list: the order of these texts is the order of Kubernetes. */
export function keyText(key: ObjectKey): string {
  return `${key.namespace ?? ''}/${key.name}`
}

export function isInNamespace(key: string, namespace: string | undefined): boolean {
  return namespace === undefined || key.startsWith(`${namespace}/`)
}

/** What a watch with this selection says about the change, if anything. */
export function computeWatchEvent<T extends KubeObject>(
  change: Change,
  selection: Selection<T>,
): WatchEvent<T> | undefined {
  if (!isInNamespace(change.key, selection.namespace)) return undefined
  const object = change.object as T
  const matches = (version: KubeObject | undefined): boolean =>
    version !== undefined && (selection.matches?.(version as T) ?? true)
  const matched = matches(change.previous)
  const stillMatches = !change.removed && matches(object)
  const resourceVersion = String(change.resourceVersion)
  if (stillMatches) return { type: matched ? 'MODIFIED' : 'ADDED', object, resourceVersion }
  return matched ? { type: 'DELETED', object, resourceVersion } : undefined
}
