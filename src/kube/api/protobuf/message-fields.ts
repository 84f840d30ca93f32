import { type Field, fieldsOf, type FieldType } from '../schema.ts'
import numbers from './field-numbers.json' with { type: 'json' }

/**
 * The fields of Kubernetes' messages by type of schema.ts, in the order of their numbers. A number stands before a name
 * where the count does not go on from the name before: `name 5:uid`. Marks: `*` a zero on the wire is meant (in Go the
 * field is a pointer, or its JSON always has it), `~` a time with microseconds, `>` a message whose fields stand in JSON
 * among those of the enclosing one. Source: generated.proto and types.go of k8s.io/api and k8s.io/apimachinery.
 */
const NUMBERS: Readonly<Record<string, string>> = numbers

export type MessageField =
  | { readonly is: 'inlined'; readonly fields: MessageFields }
  | {
      readonly is: 'named'
      readonly name: string
      readonly type: FieldType
      /** Whether Go's JSON would have the field though its value is zero. */
      readonly keepsZero: boolean
      readonly hasMicroseconds: boolean
    }

export type MessageFields = ReadonlyMap<number, MessageField>

const known = new Map<string, MessageFields>()

/**
 * The fields of a type such as `V1Pod`, by number; undefined if they are not known. Types beside those of everyday kinds
 * are known after loadAllTypes of schema.ts.
 */
export function messageFields(typeName: string): MessageFields | undefined {
  const found = known.get(typeName)
  if (found !== undefined) return found
  const schema = fieldsOf(typeName)
  const line = NUMBERS[typeName]
  if (schema === undefined || line === undefined) return undefined
  const fields = readLine(line, schema)
  known.set(typeName, fields)
  return fields
}

function readLine(line: string, schema: ReadonlyMap<string, Field>): MessageFields {
  const fields = new Map<number, MessageField>()
  let number = 0
  for (const word of line.split(' ')) {
    const [, jump, inlined, name = '', mark] = /^(?:(\d+):)?(>?)(\w+)([*~]?)$/.exec(word) ?? []
    number = jump === undefined ? number + 1 : Number(jump)
    fields.set(number, inlined === '>' ? inlinedField(name, schema) : namedField(name, mark, schema))
  }
  return fields
}

function inlinedField(name: string, schema: ReadonlyMap<string, Field>): MessageField {
  return { is: 'inlined', fields: readLine(NUMBERS[name] ?? '', schema) }
}

function namedField(name: string, mark: string | undefined, schema: ReadonlyMap<string, Field>): MessageField {
  const field = schema.get(name)
  if (field === undefined) throw new TypeError(`field-numbers.json has a field ${name} that Kubernetes does not have`)
  const { type, required } = field
  return { is: 'named', name, type, keepsZero: required || mark === '*', hasMicroseconds: mark === '~' }
}
