import { isJsonObject } from './json-value.ts'
import { keyValue } from './merge-keys.ts'

/** The element of a field set that an item is known by in its list: `k:{"name":"a"}`, or `v:"x"` in a set of values. */
export function itemElement(item: unknown, keys: readonly string[]): string {
  if (keys.length === 0) return `v:${JSON.stringify(item)}`
  if (!isJsonObject(item)) return `k:{}`
  // All keys of Kubernetes' lists are in the order of the alphabet, as they must be written.
  const values = keys.map((key) => [key, keyValue(item, key)])
  return `k:${JSON.stringify(Object.fromEntries(values))}`
}

/** The items by their elements; of several with the same keys the first one counts. */
export function itemsByElement(list: readonly unknown[], keys: readonly string[]): Map<string, unknown> {
  const items = new Map<string, unknown>()
  for (const item of list) {
    const element = itemElement(item, keys)
    if (!items.has(element)) items.set(element, item)
  }
  return items
}
