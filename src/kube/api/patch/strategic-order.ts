import { isJsonObject } from './json-value.ts'

/** Where an item with the same key (or, without a key, the same value) stands; -1 when there is none. */
export function findItem(list: readonly unknown[], item: unknown, key: string): number {
  const wanted = identityOf(item, key)
  return list.findIndex((each) => identityOf(each, key) === wanted)
}

interface Orders {
  /** The list as it was. */
  readonly original: readonly unknown[]
  /** Items in the order that the patch asks for; they need have no more than the key. */
  readonly wanted: readonly unknown[]
  readonly key: string
}

/**
 * The items in the order that a strategic merge patch gives them: those that the patch names as it names them, the
 * others as they stood, each one before the first named item that it stood before.
 */
export function mergeOrders<T>(items: readonly T[], { original, wanted, key }: Orders): T[] {
  const places = (list: readonly unknown[]): Map<unknown, number> =>
    // Of items with one key the first one counts.
    new Map(list.map((item, index): [unknown, number] => [identityOf(item, key), index]).reverse())
  const wantedAt = places(wanted)
  const originalAt = places(original)
  const place = (at: ReadonlyMap<unknown, number>, item: T): number => at.get(identityOf(item, key)) ?? -1
  const sorted = (list: readonly T[], at: ReadonlyMap<unknown, number>): T[] =>
    [...list].sort((one, other) => place(at, one) - place(at, other))

  const named = sorted(
    items.filter((item) => place(wantedAt, item) !== -1),
    wantedAt,
  )
  const others = sorted(
    items.filter((item) => place(wantedAt, item) === -1),
    originalAt,
  )
  const result: T[] = []
  let taken = 0
  for (const item of named) {
    const stoodAt = place(originalAt, item)
    const before = others.slice(taken).findIndex((other) => place(originalAt, other) > stoodAt)
    if (stoodAt !== -1) {
      const end = before === -1 ? others.length : taken + before
      result.push(...others.slice(taken, end))
      taken = end
    }
    result.push(item)
  }
  return [...result, ...others.slice(taken)]
}

function identityOf(item: unknown, key: string): unknown {
  return key !== '' && isJsonObject(item) ? item[key] : item
}
