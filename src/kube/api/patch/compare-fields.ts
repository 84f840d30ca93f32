import { elementOf, type FieldSet, fieldElement, isEmptySet, NOTHING_BELOW } from './field-set.ts'
import { fieldValue, isJsonObject, isSameJson } from './json-value.ts'
import { itemsByElement } from './list-items.ts'
import { type Shape, shapeAt } from './shape.ts'

/** What differs between two versions of an object. */
export interface Comparison {
  /** Fields that are new or have another value. */
  readonly written: FieldSet
  /** Fields that are gone. */
  readonly removed: FieldSet
}

/** Compares two objects of one shape. Source of the rules: typed.TypedValue.Compare of structured-merge-diff. */
export function compareFields(before: unknown, after: unknown, shape: Shape): Comparison {
  const { written, removed } = comparePart(before, after, shape)
  return { written: written ?? NOTHING_BELOW, removed: removed ?? NOTHING_BELOW }
}

/** Of one element: absent where the set has neither it nor anything below it. */
interface PartComparison {
  readonly written?: FieldSet | undefined
  readonly removed?: FieldSet | undefined
}

const LEAF_WRITTEN: PartComparison = { written: NOTHING_BELOW }

/** @param before undefined: it was not there. */
function comparePart(before: unknown, after: unknown, shape: Shape): PartComparison {
  if (before === after) return SAME_PART
  if (before === undefined) return { written: allFields(after, shape) }
  if (after === undefined) return { removed: allFields(before, shape) }
  if (shape.is === 'list') {
    const [listBefore, listAfter] = [asList(before), asList(after)]
    if (listBefore.length === 0 && listAfter.length === 0) return compareLeaf(before, after)
    return compareEntries(itemsByElement(listBefore, shape.keys), itemsByElement(listAfter, shape.keys), () => shape.of)
  }
  if (shape.is === 'leaf' || !holdsFields(before) || !holdsFields(after)) return compareLeaf(before, after)
  const [fieldsBefore, fieldsAfter] = [fieldEntries(before), fieldEntries(after)]
  if (fieldsBefore.size === 0 && fieldsAfter.size === 0) return compareLeaf(before, after)
  return compareEntries(fieldsBefore, fieldsAfter, (element) => shapeAt(shape, element.slice(2)))
}

const SAME_PART: PartComparison = {}

function compareLeaf(before: unknown, after: unknown): PartComparison {
  return isSameJson(before, after) ? SAME_PART : LEAF_WRITTEN
}

type Entries = ReadonlyMap<string, unknown>

function compareEntries(
  before: Entries,
  after: Entries,
  shapeOfElement: (element: string) => Shape | undefined,
): PartComparison {
  const written: Record<string, FieldSet> = {}
  const removed: Record<string, FieldSet> = {}
  for (const element of new Set([...before.keys(), ...after.keys()])) {
    const shape = shapeOfElement(element) ?? { is: 'free' as const }
    const part = comparePart(before.get(element), after.get(element), shape)
    if (part.written !== undefined) written[element] = part.written
    if (part.removed !== undefined) removed[element] = part.removed
  }
  return {
    ...(isEmptySet(written) ? {} : { written }),
    ...(isEmptySet(removed) ? {} : { removed }),
  }
}

/** Everything of a value that appears or goes as a whole: itself, and every field that can have an owner below it. */
function allFields(value: unknown, shape: Shape): FieldSet {
  const below: Record<string, FieldSet> = {}
  if (shape.is === 'list') {
    for (const [element, item] of itemsByElement(asList(value), shape.keys)) below[element] = allFields(item, shape.of)
  } else if (shape.is !== 'leaf' && isJsonObject(value)) {
    for (const name of Object.keys(value)) {
      const part = fieldValue(value, name)
      if (part !== undefined) below[fieldElement(name)] = allFields(part, shapeAt(shape, name) ?? { is: 'free' })
    }
  }
  return elementOf(true, below) ?? NOTHING_BELOW
}

function fieldEntries(value: unknown): Map<string, unknown> {
  return new Map(isJsonObject(value) ? Object.keys(value).map((name) => [fieldElement(name), value[name]]) : [])
}

/** null stands for any empty object or list. */
function holdsFields(value: unknown): boolean {
  return value === null || isJsonObject(value)
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
