import { type Change, keyText, resourceId } from './change.ts'
import type { KubeObject, ObjectKey, Resource } from './store.ts'

interface Table {
  readonly objects: Map<string, KubeObject>
  /** All keys in order; absent until somebody asks for them. */
  sortedKeys: string[] | undefined
}

/** The newest version of every object, in memory. */
export class ObjectTable {
  readonly #tables = new Map<string, Table>()

  get(resource: Resource, key: ObjectKey): KubeObject | undefined {
    return this.find(resourceId(resource), keyText(key))
  }

  find(id: string, key: string): KubeObject | undefined {
    return this.#tables.get(id)?.objects.get(key)
  }

  /** Sorted by key; of one namespace, or all. */
  entries(resource: Resource, namespace?: string): readonly (readonly [key: string, object: KubeObject])[] {
    const table = this.#tables.get(resourceId(resource))
    if (table === undefined) return []
    table.sortedKeys ??= [...table.objects.keys()].sort(compareKeys)
    const keys = namespace === undefined ? table.sortedKeys : keysOf(table.sortedKeys, namespace)
    return keys.map((key) => [key, table.objects.get(key) as KubeObject])
  }

  apply(change: Change): void {
    if (change.removed) this.remove(change.resourceId, change.key)
    else this.put(change.resourceId, change.key, change.object)
  }

  put(id: string, key: string, object: KubeObject): void {
    const table = this.#tableOf(id)
    // Sorting anew for each object that comes would make filling the store slower and slower.
    if (!table.objects.has(key)) table.sortedKeys?.splice(placeOf(table.sortedKeys, key), 0, key)
    table.objects.set(key, object)
  }

  remove(id: string, key: string): void {
    const table = this.#tableOf(id)
    if (table.objects.delete(key)) table.sortedKeys?.splice(placeOf(table.sortedKeys, key), 1)
  }

  #tableOf(id: string): Table {
    const known = this.#tables.get(id)
    if (known !== undefined) return known
    const table: Table = { objects: new Map(), sortedKeys: undefined }
    this.#tables.set(id, table)
    return table
  }
}

/** Those that begin with the namespace and a slash: `0` is the character after the slash. */
function keysOf(sortedKeys: readonly string[], namespace: string): readonly string[] {
  return sortedKeys.slice(placeOf(sortedKeys, `${namespace}/`), placeOf(sortedKeys, `${namespace}0`))
}

/** How many keys come before this one. */
function placeOf(sortedKeys: readonly string[], key: string): number {
  let from = 0
  let to = sortedKeys.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (compareKeys(sortedKeys[middle] ?? '', key) < 0) from = middle + 1
    else to = middle
  }
  return from
}

/** By code unit, like SQLite and Kubernetes: not by the user's locale. */
export function compareKeys(one: string, other: string): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}
