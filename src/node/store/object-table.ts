import { type Change, keyText, resourceId } from './change.ts'
import type { KubeObject, ObjectKey, Resource } from './store.ts'

interface Table {
  readonly objects: Map<string, KubeObject>
  /** All keys in order; absent while it must be made anew. */
  sortedKeys: readonly string[] | undefined
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

  /** Sorted by key. */
  entries(resource: Resource): readonly (readonly [key: string, object: KubeObject])[] {
    const table = this.#tables.get(resourceId(resource))
    if (table === undefined) return []
    table.sortedKeys ??= [...table.objects.keys()].sort(compareKeys)
    return table.sortedKeys.map((key) => [key, table.objects.get(key) as KubeObject])
  }

  apply(change: Change): void {
    if (change.removed) this.remove(change.resourceId, change.key)
    else this.put(change.resourceId, change.key, change.object)
  }

  put(id: string, key: string, object: KubeObject): void {
    const table = this.#tableOf(id)
    if (!table.objects.has(key)) table.sortedKeys = undefined
    table.objects.set(key, object)
  }

  remove(id: string, key: string): void {
    const table = this.#tableOf(id)
    if (table.objects.delete(key)) table.sortedKeys = undefined
  }

  #tableOf(id: string): Table {
    const known = this.#tables.get(id)
    if (known !== undefined) return known
    const table: Table = { objects: new Map(), sortedKeys: undefined }
    this.#tables.set(id, table)
    return table
  }
}

/** By code unit, like SQLite and Kubernetes: not by the user's locale. */
export function compareKeys(one: string, other: string): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}
