import { type Change, keyText, resourceId } from './change.ts'
import { frozenCopy, jsonOf } from './object-json.ts'
import type { ObjectTable } from './object-table.ts'
import type { KubeObject, ObjectKey, Resource } from './store.ts'

export interface Write {
  readonly resource: Resource
  readonly key: ObjectKey
  /** What the newest version becomes; undefined: the object is removed. Throws a Failure to change nothing. */
  readonly decide: (current: KubeObject | undefined) => KubeObject | undefined
}

/** Writes that will be made durable together: each one sees those before it, nobody else does yet. */
export class StagedChanges {
  readonly #committed: ObjectTable
  readonly #staged = new Map<string, Change>()
  readonly #changes: Change[] = []
  #version: number

  constructor(committed: ObjectTable, version: number) {
    this.#committed = committed
    this.#version = version
  }

  get changes(): readonly Change[] {
    return this.#changes
  }

  /** @returns the object as it will be stored, or the last version of one that is removed. */
  stage(write: Write): KubeObject {
    const id = resourceId(write.resource)
    const key = keyText(write.key)
    const current = this.#current(id, key)
    const next = write.decide(current)
    if (next === undefined && current === undefined) throw new TypeError(`a write to ${id} "${key}" decided nothing`)
    if (next !== undefined && current !== undefined) {
      if (keyText(next.metadata as ObjectKey) !== key) throw new TypeError(`a write may not rename ${id} "${key}"`)
      const unchanged = withVersion(next, current.metadata.resourceVersion ?? '')
      if (next === current || JSON.stringify(unchanged) === jsonOf(current)) return current
    }
    const resourceVersion = this.#version + 1
    const object = frozenCopy(withVersion((next ?? current) as KubeObject, String(resourceVersion)))
    this.#version = resourceVersion
    const change: Change = {
      resourceVersion,
      resourceId: id,
      key,
      object,
      ...(current === undefined ? {} : { previous: current }),
      removed: next === undefined,
    }
    this.#changes.push(change)
    this.#staged.set(`${id} ${key}`, change)
    return object
  }

  #current(id: string, key: string): KubeObject | undefined {
    const staged = this.#staged.get(`${id} ${key}`)
    if (staged !== undefined) return staged.removed ? undefined : staged.object
    return this.#committed.find(id, key)
  }
}

function withVersion(object: KubeObject, resourceVersion: string): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion } }
}
