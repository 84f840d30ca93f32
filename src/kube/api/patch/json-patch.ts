import { Failure } from '../../../failure.ts'
import { fieldValue, isJsonObject, isSameJson, setField } from './json-value.ts'

/** Kubernetes' limits: operations of one patch, and bytes that its copies may make together. */
const MAXIMUM_OPERATIONS = 10_000
const MAXIMUM_COPIED_BYTES = 3 * 1024 * 1024

const MEMBERS = ['op', 'path', 'from', 'value']

/** One operation as it was sent; what it must have is checked when its turn comes, as Kubernetes does. */
export interface JsonPatchOperation {
  readonly op?: unknown
  readonly path?: unknown
  readonly from?: unknown
  readonly value?: unknown
}

/**
 * A JSON patch from JSON.
 *
 * @returns what it does, and the members that mean nothing to it, such as `[0].pathh`.
 * @throws Failure BadRequest, RequestEntityTooLarge
 */
export function readJsonPatch(patch: unknown): {
  readonly operations: readonly JsonPatchOperation[]
  readonly unknown: readonly string[]
} {
  if (!Array.isArray(patch)) {
    const given = isJsonObject(patch) ? 'object' : typeof patch
    throw new Failure(
      'BadRequest',
      `error decoding patch: json: cannot unmarshal ${given} into Go value of type []handlers.jsonPatchOp`,
    )
  }
  if (patch.length > MAXIMUM_OPERATIONS) {
    throw new Failure(
      'RequestEntityTooLarge',
      'Request entity too large: The allowed maximum operations in a JSON patch is ' +
        `${MAXIMUM_OPERATIONS}, got ${patch.length}`,
    )
  }
  const operations = patch.map((operation: unknown, index) => {
    if (isJsonObject(operation)) return operation
    throw new Failure('BadRequest', `error decoding patch: operation ${index} is not an object`)
  })
  const unknown = operations.flatMap((operation, index) =>
    Object.keys(operation).flatMap((member) => (MEMBERS.includes(member) ? [] : [`[${index}].${member}`])),
  )
  return { operations, unknown }
}

/**
 * The document with all operations applied, or none: the first one that fails is the failure. The document is not
 * changed.
 *
 * @throws Failure Invalid, with Kubernetes' sentence, which does not say which operation; `cause` does.
 * @see https://www.rfc-editor.org/rfc/rfc6902
 */
export function applyJsonPatch(document: unknown, operations: readonly JsonPatchOperation[]): unknown {
  const patching: Patching = { root: { '': copyOf(document) }, copiedBytes: 0 }
  operations.forEach((operation, index) => {
    try {
      perform(patching, operation)
    } catch (thrown) {
      if (!(thrown instanceof PatchError)) throw thrown
      const cause = new Error(`operation ${index}: ${thrown.message}`)
      throw new Failure('Invalid', 'the server rejected our request due to an error in our request', {
        details: {},
        cause,
      })
    }
  })
  return patching.root['']
}

class PatchError extends Error {}

interface Patching {
  /** The document is its only field: so that it has a parent too. */
  readonly root: Record<string, unknown>
  copiedBytes: number
}

/** Where a pointer points to: a field of an object or an item of a list. */
type Place =
  | { readonly in: 'object'; readonly parent: Record<string, unknown>; readonly name: string }
  | { readonly in: 'list'; readonly parent: unknown[]; readonly name: string }

function perform(patching: Patching, operation: JsonPatchOperation): void {
  const { op } = operation
  const target = find(patching, operation.path, 'path')
  switch (op) {
    case 'add': {
      add(target, valueOf(operation))
      return
    }
    case 'remove':
      remove(target)
      return
    case 'replace': {
      replace(target, valueOf(operation))
      return
    }
    case 'move': {
      const { path, from } = operation
      if (String(path).startsWith(`${String(from)}/`)) throw new PatchError(`move ${String(from)} into itself`)
      const value = remove(find(patching, from, 'from'))
      // What moves away may have been before the target in the same list: it is found anew.
      add(find(patching, path, 'path'), value)
      return
    }
    case 'copy': {
      const text = JSON.stringify(read(find(patching, operation.from, 'from')))
      patching.copiedBytes += text.length
      if (patching.copiedBytes > MAXIMUM_COPIED_BYTES) {
        throw new PatchError(`copies make more than ${MAXIMUM_COPIED_BYTES} bytes`)
      }
      add(target, JSON.parse(text))
      return
    }
    case 'test': {
      // Kubernetes takes what is not there for null.
      const actual = has(target) ? read(target) : null
      if (!isSameJson(actual, operation.value ?? null)) throw new PatchError(`test of ${String(operation.path)} failed`)
      return
    }
    default:
      throw new PatchError(`unexpected kind: ${String(op)}`)
  }
}

/** The place that a pointer names; everything before its last part must be there. */
function find(patching: Patching, pointer: unknown, member: string): Place {
  if (typeof pointer !== 'string') throw new PatchError(`${member} is missing`)
  if (pointer !== '' && !pointer.startsWith('/')) throw new PatchError(`${member} ${pointer} must begin with /`)
  const names = pointer.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const last = names.pop() ?? ''
  const parent = names.reduce<unknown>((value, name) => read(placeIn(value, name, pointer)), patching.root)
  return placeIn(parent, last, pointer)
}

function placeIn(parent: unknown, name: string, pointer: string): Place {
  if (Array.isArray(parent)) return { in: 'list', parent, name }
  if (isJsonObject(parent)) return { in: 'object', parent: parent, name }
  throw new PatchError(`doc is missing path: ${pointer}`)
}

function add(place: Place, value: unknown): void {
  if (place.in === 'object') setField(place.parent, place.name, value)
  else place.parent.splice(place.name === '-' ? place.parent.length : indexOf(place, place.parent.length), 0, value)
}

function replace(place: Place, value: unknown): void {
  read(place)
  if (place.in === 'object') setField(place.parent, place.name, value)
  else place.parent[indexOf(place, place.parent.length - 1)] = value
}

/** @returns what was there */
function remove(place: Place): unknown {
  const value = read(place)
  if (place.in === 'object') Reflect.deleteProperty(place.parent, place.name)
  else place.parent.splice(indexOf(place, place.parent.length - 1), 1)
  return value
}

function read(place: Place): unknown {
  if (place.in === 'list') return place.parent[indexOf(place, place.parent.length - 1)]
  if (!has(place)) throw new PatchError(`unable to find nonexistent key: ${place.name}`)
  return fieldValue(place.parent, place.name)
}

function has(place: Place): boolean {
  return place.in === 'list' || Object.hasOwn(place.parent, place.name)
}

function indexOf({ name }: Place, most: number): number {
  const index = /^(0|[1-9]\d*)$/.test(name) ? Number(name) : Infinity
  if (index > most) throw new PatchError(`unable to access invalid index: ${name}`)
  return index
}

function valueOf(operation: JsonPatchOperation): unknown {
  if (!Object.hasOwn(operation, 'value')) throw new PatchError('value is missing')
  return copyOf(operation.value)
}

function copyOf(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
