import { Failure } from '../../../failure.ts'
import type { ApiObject } from '../../client/resource-type.ts'
import { findAll, parseJsonPath } from './json-path.ts'

/** What `--for` asks. */
export type WaitCondition =
  | { readonly is: 'delete' }
  | { readonly is: 'create' }
  | { readonly is: 'holds'; readonly holds: (object: ApiObject) => boolean }

/** @throws Failure UsageError */
export function parseWaitCondition(text: string): WaitCondition {
  const [form, rest] = split(text, '=')
  if (form.toLowerCase() === 'delete' && rest === undefined) return { is: 'delete' }
  if (form.toLowerCase() === 'create' && rest === undefined) return { is: 'create' }
  if (form === 'condition' && rest) {
    const [type, status = 'true'] = split(rest, '=')
    return { is: 'holds', holds: (object) => hasCondition(object, type, status) }
  }
  if (form === 'jsonpath' && rest) return { is: 'holds', holds: pathCondition(rest) }
  throw new Failure(
    'UsageError',
    `--for must be condition=TYPE, condition=TYPE=STATUS, jsonpath='{PATH}'=VALUE, create or delete; got ${JSON.stringify(text)}`,
  )
}

/** A status that is older than the spec says nothing about it. */
function hasCondition(object: ApiObject, type: string, status: string): boolean {
  const { metadata, status: seen } = object as ObjectWithConditions
  const found = seen?.conditions?.find((condition) => condition.type.toLowerCase() === type.toLowerCase())
  const seenGeneration = found?.observedGeneration ?? seen?.observedGeneration
  if (seenGeneration !== undefined && seenGeneration < (metadata.generation ?? 0)) return false
  return found?.status?.toLowerCase() === status.toLowerCase()
}

interface ObjectWithConditions {
  readonly metadata: { readonly generation?: number }
  readonly status?: {
    readonly observedGeneration?: number
    readonly conditions?: readonly {
      readonly type: string
      readonly status?: string
      readonly observedGeneration?: number
    }[]
  }
}

/** `{.status.phase}=Running`; without a value: that there is one. */
function pathCondition(text: string): (object: ApiObject) => boolean {
  const end = text.startsWith('{') ? text.indexOf('}') + 1 : text.search(/=(?!=)/)
  const at = end <= 0 ? text.length : end
  const [path, value] = [text.slice(0, at), text.slice(at)]
  if (value !== '' && (!value.startsWith('=') || value === '=')) {
    throw new Failure(
      'UsageError',
      `--for=jsonpath=${text}: after the path comes =VALUE, such as {.status.phase}=Running`,
    )
  }
  const steps = parseJsonPath(path)
  return (object) => {
    const found = findAll(steps, object)
    if (value === '') return found.length > 0
    if (found.length > 1) {
      throw new Failure(
        'UsageError',
        `--for=jsonpath=${text}: the path leads to ${found.length} values; it must lead to one`,
      )
    }
    const [one] = found
    const isPlain = typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean'
    return isPlain && String(one) === unquoted(value.slice(1))
  }
}

function unquoted(text: string): string {
  return /^"(.*)"$/.exec(text)?.[1] ?? text
}

function split(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)]
}
