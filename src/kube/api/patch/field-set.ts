/**
 * A set of fields of an object, as Kubernetes writes it down (FieldsV1): `{"f:spec": {"f:containers": {"k:{\"name\":\"a\"}":
 * {".": {}, "f:image": {}}}}}`. An element without parts of its own is in the set; one with parts is in it when `.` is
 * among them. Elements: `f:` and a name, `k:` and the keys of an item, `v:` and a value of a set.
 *
 * @see https://pkg.go.dev/sigs.k8s.io/structured-merge-diff/v4/fieldpath
 */
export interface FieldSet {
  readonly [element: string]: FieldSet
}

/** The element itself, and nothing below it. As the whole: the empty set. */
export const NOTHING_BELOW: FieldSet = Object.freeze({})
const SELF = '.'

export function isEmptySet(set: FieldSet): boolean {
  for (const _ in set) return false
  return true
}

/** The element of a field of an object or map. */
export function fieldElement(name: string): string {
  return `f:${name}`
}

/** Whether an element of the set, by its parts, is itself in the set. */
function isMember(parts: FieldSet): boolean {
  return SELF in parts || isEmptySet(parts)
}

/** The parts of an element; undefined when neither it nor anything below it is in the set. */
export function elementOf(isIn: boolean, below: FieldSet): FieldSet | undefined {
  if (isEmptySet(below)) return isIn ? NOTHING_BELOW : undefined
  return isIn ? { [SELF]: NOTHING_BELOW, ...below } : below
}

export function unionOf(one: FieldSet, other: FieldSet): FieldSet {
  if (isEmptySet(one)) return other
  if (isEmptySet(other)) return one
  return combine(one, other, (inOne, inOther) => inOne || inOther)
}

export function differenceOf(one: FieldSet, other: FieldSet): FieldSet {
  return combine(one, other, (inOne, inOther) => inOne && !inOther)
}

export function intersectionOf(one: FieldSet, other: FieldSet): FieldSet {
  return combine(one, other, (inOne, inOther) => inOne && inOther)
}

type Keep = (inOne: boolean, inOther: boolean) => boolean

function combine(one: FieldSet, other: FieldSet, keep: Keep): FieldSet {
  const result: Record<string, FieldSet> = {}
  const add = (element: string, ofOne: FieldSet | undefined, ofOther: FieldSet | undefined): void => {
    if (element === SELF) return
    const isIn = keep(ofOne !== undefined && isMember(ofOne), ofOther !== undefined && isMember(ofOther))
    const parts = elementOf(isIn, combine(ofOne ?? NOTHING_BELOW, ofOther ?? NOTHING_BELOW, keep))
    if (parts !== undefined) result[element] = parts
  }
  for (const element in one) add(element, one[element], other[element])
  for (const element in other) if (one[element] === undefined) add(element, undefined, other[element])
  return result
}

/** Without the fields of the other set and everything below them. */
export function withoutBelow(set: FieldSet, other: FieldSet): FieldSet {
  const result: Record<string, FieldSet> = {}
  for (const [element, parts] of Object.entries(set)) {
    const removed = other[element]
    if (removed === undefined || element === SELF) result[element] = parts
    else if (!isMember(removed)) {
      const { [SELF]: self, ...below } = withoutBelow(parts, removed)
      const rest = elementOf(isMember(parts) || self !== undefined, below)
      if (rest !== undefined) result[element] = rest
    }
  }
  return result
}

/** In the order in which Kubernetes writes it. */
export function sortedSet(set: FieldSet): FieldSet {
  const result: Record<string, FieldSet> = {}
  for (const element of Object.keys(set).sort()) result[element] = sortedSet(set[element] ?? NOTHING_BELOW)
  return result
}

/** Every field of the set as Kubernetes' sentences name it: `.spec.containers[name="a"].image`. */
export function fieldPaths(set: FieldSet, prefix = ''): string[] {
  return Object.keys(set)
    .sort()
    .flatMap((element) => {
      const parts = set[element] ?? NOTHING_BELOW
      if (element === SELF) return []
      const path = prefix + elementText(element)
      return [...(isMember(parts) ? [path] : []), ...fieldPaths(parts, path)]
    })
}

export function elementText(element: string): string {
  const text = element.slice(2)
  if (element.startsWith('f:')) return `.${text}`
  if (element.startsWith('v:')) return `[=${text}]`
  const keys = Object.entries(JSON.parse(text) as Record<string, unknown>)
  return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`
}
