import { type Change, isInNamespace, resourceId } from './change.ts'
import { compareKeys } from './object-table.ts'
import type { KubeObject, ListOptions, ObjectList, Resource } from './store.ts'

export type Entry = readonly [key: string, object: KubeObject]

/** One page of the entries, which are all objects of a resource in the order of their keys. */
export function listObjects<T extends KubeObject>(
  entries: readonly Entry[],
  options: ListOptions<T>,
  resourceVersion: string,
): ObjectList<T> {
  const limit = options.limit ?? Infinity
  const items: T[] = []
  let last = ''
  let remaining = 0
  for (const [key, object] of entries) {
    if (options.after !== undefined && key <= options.after) continue
    if (!isInNamespace(key, options.namespace)) continue
    if (options.matches !== undefined && !options.matches(object as T)) continue
    if (items.length < limit) {
      items.push(object as T)
      last = key
    } else remaining++
  }
  return remaining === 0 ? { items, resourceVersion } : { items, resourceVersion, next: last, remaining }
}

/** The entries as they were before these changes, which are in the order in which they happened. */
export function rewind(entries: readonly Entry[], resource: Resource, changes: readonly Change[]): readonly Entry[] {
  const objects = new Map(entries)
  const id = resourceId(resource)
  for (const change of changes.toReversed()) {
    if (change.resourceId !== id) continue
    if (change.previous === undefined) objects.delete(change.key)
    else objects.set(change.key, change.previous)
  }
  return [...objects].sort(([one], [other]) => compareKeys(one, other))
}
