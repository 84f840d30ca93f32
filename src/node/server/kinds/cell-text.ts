/** A list in a cell, at most three of it: `a,b,c + 2 more...`. */
export function shortList(items: readonly string[], whenEmpty: string): string {
  if (items.length === 0) return whenEmpty
  const shown = items.slice(0, 3).join(',')
  return items.length > 3 ? `${shown} + ${items.length - 3} more...` : shown
}

/** Labels in a cell, as kubectl writes them. */
export function labelText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? '<none>' : pairs.toSorted().join(',')
}
