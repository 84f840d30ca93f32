import type { Finding } from './rules/finding.ts'
import { describe, readScalar, zeroOf } from './read-scalar.ts'
import type { FieldType } from './schema.ts'
import { fieldsOf } from './schema.ts'
import type { Enclosing } from './suggest-field.ts'
import { suggestField } from './suggest-field.ts'

export interface Structure {
  /** A copy that has the right type everywhere: what was null, wrong or empty is left out or is Go's zero value. */
  readonly value: Readonly<Record<string, unknown>>
  /** Unknown fields and wrong types. */
  readonly findings: readonly Finding[]
  /** Paths that say nothing any more because something is wrong there: what the rules find at or below them is noise. */
  readonly broken: readonly string[]
  /** Fields that the type wants and that are not there. */
  readonly missing: readonly string[]
}

/** How a plain scalar at a path stands in the text, where there is a text. */
export type WrittenAs = (path: string) => string | undefined

interface Walk {
  readonly findings: Finding[]
  readonly broken: string[]
  readonly missing: string[]
  readonly writtenAs: WrittenAs
}

/**
 * Compares a value with one of Kubernetes' types, strictly: null is absent, unknown fields and wrong types are findings.
 *
 * @param typeName such as `V1Pod`.
 */
export function checkStructure(value: unknown, typeName: string, writtenAs: WrittenAs = () => undefined): Structure {
  const walk: Walk = { findings: [], broken: [], missing: [], writtenAs }
  const copy = readObject(value, '', { walk, typeName, enclosing: [] })
  return { value: copy ?? {}, findings: walk.findings, broken: walk.broken, missing: walk.missing }
}

interface Place {
  readonly walk: Walk
  readonly typeName: string
  readonly enclosing: readonly Enclosing[]
}

function readObject(
  value: unknown,
  path: string,
  { walk, typeName, enclosing }: Place,
): Record<string, unknown> | undefined {
  if (!isRecord(value)) {
    report(walk, path, `must be an object; got ${describe(value)}`)
    return undefined
  }
  const fields = fieldsOf(typeName)
  if (fields === undefined) return value
  const inner = [...enclosing, { typeName, path, value }]
  const copy: Record<string, unknown> = {}
  for (const [name, part] of Object.entries(value)) {
    const partPath = path === '' ? name : `${path}.${name}`
    const field = fields.get(name)
    if (field === undefined) {
      const { text, meant } = suggestField(name, inner)
      walk.findings.push({ field: partPath, message: `unknown field${text}`, reason: 'UnknownField' })
      if (meant !== undefined) walk.broken.push(meant)
    } else if (part !== null && part !== undefined) {
      const read = readValue(part, field.type, { walk, path: partPath, enclosing: inner })
      if (read !== undefined && (field.required || !isEmpty(read, field.type))) copy[name] = read
    }
  }
  for (const [name, field] of fields) {
    if (field.required && (value[name] === undefined || value[name] === null)) {
      walk.missing.push(path === '' ? name : `${path}.${name}`)
    }
  }
  return copy
}

/** As Kubernetes stores: a list or a map without items is not there. An empty object, such as `emptyDir: {}`, is. */
function isEmpty(read: unknown, type: FieldType): boolean {
  return (type.is === 'list' || type.is === 'map') && Object.keys(read as object).length === 0
}

interface Inside {
  readonly walk: Walk
  readonly path: string
  readonly enclosing: readonly Enclosing[]
}

function readValue(value: unknown, type: FieldType, inside: Inside): unknown {
  const { walk, path, enclosing } = inside
  switch (type.is) {
    case 'object':
      return readObject(value, path, { walk, typeName: type.name, enclosing })
    case 'list':
      if (!Array.isArray(value)) return report(walk, path, `must be a list; got ${describe(value)}`)
      return value.map((item: unknown, index) => readPart(item, type.of, { ...inside, path: `${path}[${index}]` }))
    case 'map':
      if (!isRecord(value)) return report(walk, path, `must be a map from names to values; got ${describe(value)}`)
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [
          key,
          readPart(item, type.of, { ...inside, path: `${path}[${key}]` }),
        ]),
      )
    case 'scalar': {
      const reading = readScalar(value, type.name, () => walk.writtenAs(path))
      return 'value' in reading ? reading.value : report(walk, path, reading.wrong)
    }
  }
}

/** An item of a list or a map: it keeps its place even when it is null or wrong. */
function readPart(item: unknown, type: FieldType, inside: Inside): unknown {
  const read = item === null || item === undefined ? undefined : readValue(item, type, inside)
  if (read !== undefined) return read
  if (type.is === 'scalar') return zeroOf(type.name)
  return type.is === 'list' ? [] : {}
}

/** Nothing can be read here. */
function report(walk: Walk, path: string, message: string): unknown {
  walk.findings.push({ field: path, message, reason: 'FieldValueTypeInvalid' })
  walk.broken.push(path)
  return undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
