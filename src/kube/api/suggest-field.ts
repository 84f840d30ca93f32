import type { Field } from './schema.ts'
import { fieldsOf } from './schema.ts'

/** One object on the way from the document's root to the place of a problem. */
export interface Enclosing {
  readonly typeName: string
  /** Path of the object; '' for the root. */
  readonly path: string
  readonly value: Readonly<Record<string, unknown>>
}

export interface Suggestion {
  /** What to add to the message; '' when there is nothing to suggest. */
  readonly text: string
  /** Path of the field that was probably meant. */
  readonly meant?: string
}

/**
 * What somebody who wrote an unknown field may have meant: the same field one level up or down, or a field of this
 * object that is spelled almost alike.
 *
 * @param enclosing the objects around the field, the root first.
 */
export function suggestField(name: string, enclosing: readonly Enclosing[]): Suggestion {
  const here = enclosing.at(-1)
  if (here === undefined) return { text: '' }
  const homes = [...placesBelow(name, here), ...placesAbove(name, enclosing.slice(0, -1))]
  const near = nearestName(name, [...(fieldsOf(here.typeName)?.keys() ?? [])])
  if (near !== undefined && (homes.length === 0 || isSpelledAlike(name, near))) {
    return { text: `; did you mean "${near}"?`, meant: join(here.path, near) }
  }
  if (homes.length === 0) return { text: '' }
  return { text: `; misplaced: belongs under ${homes.slice(0, 3).join(' or ')}` }
}

/** The name that is fewest edits away, when it is near enough to be a slip. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(name.length / 3))
  const ranked = names
    .map((each) => ({ each, edits: isSpelledAlike(name, each) ? 0 : editDistance(name, each) }))
    .filter(({ edits }) => edits <= limit)
    .sort((one, other) => one.edits - other.edits)
  return ranked[0]?.each
}

function isSpelledAlike(name: string, other: string): boolean {
  return name.toLowerCase().replace(/[-_]/g, '') === other.toLowerCase()
}

function placesAbove(name: string, above: readonly Enclosing[]): string[] {
  return above
    .filter((each) => fieldsOf(each.typeName)?.has(name) === true)
    .map((each) => (each.path === '' ? 'the top level' : each.path))
    .slice(-1)
}

/** Children that have such a field: the ones that are there, else the only one there could be. */
function placesBelow(name: string, here: Enclosing): string[] {
  const children = [...(fieldsOf(here.typeName) ?? [])].flatMap(([child, field]) =>
    hasField(field, name) ? [{ child, isList: field.type.is === 'list' }] : [],
  )
  const present = children.filter(({ child }) => here.value[child] !== undefined && here.value[child] !== null)
  const chosen = present.length > 0 ? present : children.length === 1 ? children : []
  return chosen.map(({ child, isList }) => `${join(here.path, child)}${isList ? '[0]' : ''}`)
}

function hasField({ type }: Field, name: string): boolean {
  const item = type.is === 'list' ? type.of : type
  return item.is === 'object' && fieldsOf(item.name)?.has(name) === true
}

/** Insertions, deletions, changes and swaps of neighbours between two words. */
function editDistance(one: string, other: string): number {
  let beforeLast: readonly number[] = []
  let last = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let row = 1; row <= one.length; row++) {
    const current = [row]
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1]
      const isSwapped =
        row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
        isSwapped ? at(beforeLast, column - 2) + 1 : Infinity,
      )
    }
    beforeLast = last
    last = current
  }
  return at(last, other.length)
}

function at(numbers: readonly number[], index: number): number {
  return numbers[index] ?? Infinity
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}
