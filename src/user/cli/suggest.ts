/**
 * The known word that a mistyped one most likely meant: at most a third of its letters wrong (a swap of neighbours counts
 * as one), or the only one that begins with it.
 */
export function suggest(typed: string, known: readonly string[]): string | undefined {
  const begun = known.filter((word) => typed.length > 0 && word.startsWith(typed))
  if (begun.length === 1) return begun[0]
  const limit = Math.max(1, Math.floor(typed.length / 3))
  const near = known
    .map((word) => ({ word, distance: editDistance(typed, word) }))
    .filter((candidate) => candidate.distance <= limit)
    .sort((left, right) => left.distance - right.distance)
  return near[0]?.word
}

/** Letters to insert, delete, replace, or swap with a neighbour (optimal string alignment). */
function editDistance(from: string, to: string): number {
  let older: number[] = []
  let above = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1]
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      current[column] = Math.min(
        at(above, column) + 1,
        at(current, column - 1) + 1,
        at(above, column - 1) + (same ? 0 : 1),
        swapped ? at(older, column - 2) + 1 : Infinity,
      )
    }
    older = above
    above = current
  }
  return at(above, to.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity
}
