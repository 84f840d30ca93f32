import { Failure } from '../../failure.ts'

/** One requirement on one field, such as `status.phase!=Running`. */
export interface FieldRequirement {
  readonly field: string
  readonly equals: boolean
  readonly value: string
}

/**
 * A field selector as it stands in a URL: `metadata.name=web,status.phase!=Failed`. In values `\,`, `\=` and `\\` stand
 * for the characters themselves.
 *
 * @throws Failure BadRequest in the words of the API server
 * @see k8s.io/apimachinery/pkg/fields/selector.go
 */
export function parseFieldSelector(text: string): readonly FieldRequirement[] {
  return (text.match(/(?:\\.|[^,\\])+/gs) ?? []).map((term) => {
    const match = /^(?<field>[^=!]*)(?<operator>!=|==|=)(?<value>.*)$/s.exec(term)
    const { field, operator, value } = match?.groups ?? {}
    if (field === undefined || value === undefined) {
      throw new Failure('BadRequest', `invalid selector: '${text}'; can't understand '${term}'`)
    }
    return { field, equals: operator !== '!=', value: unescape(value) }
  })
}

function unescape(value: string): string {
  return value.replaceAll(/\\([\\,=])|[\\=]/gs, (written, escaped: string | undefined) => {
    if (escaped === undefined) {
      throw new Failure(
        'BadRequest',
        `invalid field selector: unescaped or unknown "${written}" in value ${JSON.stringify(value)}`,
      )
    }
    return escaped
  })
}
