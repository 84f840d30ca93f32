import { compareFields } from './compare-fields.ts'
import { differenceOf, isEmptySet, NOTHING_BELOW, unionOf, withoutBelow } from './field-set.ts'
import type { JsonObject } from './json-value.ts'
import {
  disown,
  type FieldManager,
  isSameManager,
  type ManagedEntry,
  ownableParts,
  unheardFields,
} from './managed-fields.ts'
import { shapeOf } from './shape.ts'

/** So many who update are kept apart; of more the oldest are taken together under this name. */
const MAXIMUM_UPDATERS = 10
const ANCIENT = 'ancient-changes'

export interface TrackedUpdate {
  readonly typeName: string
  /** Of a new object: an empty one. */
  readonly before: JsonObject
  readonly after: JsonObject
  readonly entries: readonly ManagedEntry[]
  readonly by: FieldManager & { readonly operation: 'Update' }
  /** RFC 3339. */
  readonly time: string
}

/**
 * Who owns which field after somebody wrote an object by create, update or patch: the fields that changed are theirs
 * alone. Source: merge.Updater.Update of structured-merge-diff and the managers around it in k8s.io/apimachinery.
 */
export function trackUpdate({ typeName, before, after, entries, by, time }: TrackedUpdate): ManagedEntry[] {
  const changes = compareFields(ownableParts(before), ownableParts(after), shapeOf(typeName))
  const unheard = unheardFields(by.subresource)
  const written = withoutBelow(changes.written, unheard)
  const removed = withoutBelow(changes.removed, unheard)
  if (isEmptySet(written)) return disown(entries, removed)
  const own = entries.find((entry) => isSameManager(entry, by))
  const others = disown(
    entries.filter((entry) => entry !== own),
    unionOf(written, removed),
  )
  const fields = unionOf(differenceOf(own?.fields ?? NOTHING_BELOW, removed), written)
  return capUpdaters([...others, { ...by, time, fields }])
}

function capUpdaters(entries: readonly ManagedEntry[]): ManagedEntry[] {
  const updaters = entries.filter(({ operation }) => operation === 'Update')
  const tooMany = updaters.length - MAXIMUM_UPDATERS
  if (tooMany <= 0) return [...entries]
  const age = ({ time = '', manager }: ManagedEntry): string => `${time} ${manager}`
  const oldest = updaters.toSorted((one, other) => (age(one) < age(other) ? -1 : 1))
  const result = new Set(entries)
  const buckets = new Map<string, ManagedEntry>()
  for (const entry of oldest) {
    if (result.size - (entries.length - updaters.length) <= MAXIMUM_UPDATERS) break
    const { apiVersion, time } = entry
    const bucket = buckets.get(apiVersion)
    result.delete(entry)
    if (bucket !== undefined) result.delete(bucket)
    // The first one of its version stays what it is until another one joins it.
    const joined: ManagedEntry =
      bucket === undefined
        ? entry
        : { manager: ANCIENT, operation: 'Update', apiVersion, time, fields: unionOf(bucket.fields, entry.fields) }
    buckets.set(apiVersion, joined)
    result.add(joined)
  }
  return [...result]
}
