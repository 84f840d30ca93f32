import type { Problem, ProblemReason } from '../problem.ts'

/** A problem and, where Kubernetes' field path is coarser than the truth, the path of the very value. */
export type Finding = Problem & { readonly place?: string }

/** One Kubernetes object (or a part of it) in which everything may be missing: what the rules look at. */
export type Draft<T> = T extends Date
  ? string
  : T extends (infer Item)[]
    ? readonly Draft<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]?: Draft<T[Key]> | undefined }
      : T

// The sentences below are the API server's own: k8s.io/apimachinery/pkg/util/validation/field/errors.go.

export function required(field: string, detail = ''): Finding {
  return finding('FieldValueRequired', field, detail === '' ? 'Required value' : `Required value: ${detail}`)
}

export function invalid(field: string, value: unknown, detail: string): Finding {
  return finding('FieldValueInvalid', field, `Invalid value: ${show(value)}: ${detail}`)
}

export function duplicate(field: string, value: unknown): Finding {
  return finding('FieldValueDuplicate', field, `Duplicate value: ${show(value)}`)
}

export function forbidden(field: string, detail: string): Finding {
  return finding('FieldValueForbidden', field, `Forbidden: ${detail}`)
}

export function notFound(field: string, value: unknown): Finding {
  return finding('FieldValueNotFound', field, `Not found: ${show(value)}`)
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): Finding {
  const values = supported.map((each) => JSON.stringify(each)).join(', ')
  return finding('FieldValueNotSupported', field, `Unsupported value: ${show(value)}: supported values: ${values}`)
}

export function tooLong(field: string, maximumBytes: number): Finding {
  return finding('FieldValueTooLong', field, `Too long: must have at most ${maximumBytes} bytes`)
}

export function tooMany(field: string, count: number, maximum: number): Finding {
  return finding('FieldValueTooMany', field, `Too many: ${count}: must have at most ${maximum} items`)
}

/** One problem for each sentence that applies to the value. */
export function invalidFor(field: string, value: unknown, sentences: readonly string[]): Finding[] {
  return sentences.map((sentence) => invalid(field, value, sentence))
}

export function inRange(value: number, least: number, most: number): string[] {
  return value >= least && value <= most ? [] : [`must be between ${least} and ${most}, inclusive`]
}

export function nonNegative(field: string, value: number | undefined): Finding[] {
  return value !== undefined && value < 0 ? [invalid(field, value, 'must be greater than or equal to 0')] : []
}

/** Whether the text is absent or empty: to Kubernetes these are the same. */
export function isEmpty(text: string | undefined): text is '' | undefined {
  return text === undefined || text === ''
}

function finding(reason: ProblemReason, field: string, message: string): Finding {
  return { field, message, reason }
}

function show(value: unknown): string {
  return JSON.stringify(value)
}
