import type { KubeObject } from '../store/store.ts'
import type { Told } from './follow-all.ts'

/** Which objects there are, by UID, and which of them name which others as their owners. */
export class OwnerGraph {
  readonly #objects = new Map<string, Told>()
  readonly #dependents = new Map<string, Set<string>>()

  get(uid: string): Told | undefined {
    return this.#objects.get(uid)
  }

  /** @returns whether it is new or names other owners than before. */
  put(told: Told): boolean {
    const uid = told.object.metadata.uid ?? ''
    const before = this.#objects.get(uid)
    this.#objects.set(uid, told)
    const owners = ownersOf(told.object)
    const ownersBefore = before === undefined ? [] : ownersOf(before.object)
    if (before !== undefined && owners.join() === ownersBefore.join()) return false
    this.#unlink(uid, ownersBefore)
    for (const owner of owners) {
      const dependents = this.#dependents.get(owner) ?? new Set()
      this.#dependents.set(owner, dependents.add(uid))
    }
    return true
  }

  remove(uid: string): void {
    const known = this.#objects.get(uid)
    this.#objects.delete(uid)
    if (known !== undefined) this.#unlink(uid, ownersOf(known.object))
  }

  dependentsOf(uid: string): readonly Told[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((dependent) => this.#objects.get(dependent) ?? [])
  }

  #unlink(uid: string, owners: readonly string[]): void {
    for (const owner of owners) {
      const dependents = this.#dependents.get(owner)
      dependents?.delete(uid)
      if (dependents?.size === 0) this.#dependents.delete(owner)
    }
  }
}

export function ownersOf({ metadata }: KubeObject): readonly string[] {
  return metadata.ownerReferences?.map(({ uid }) => uid) ?? []
}
