/** One thing that is wrong with a document, at a Kubernetes field path such as `spec.containers[1].image`. */
export interface Problem {
  readonly field: string
  readonly message: string
  /** Kubernetes' cause reason, such as `FieldValueRequired`. */
  readonly reason: ProblemReason
  /** Where it stands in the text it was read from, when it was read from text. Lines and columns count from 1. */
  readonly at?: SourcePosition
}

export type ProblemReason =
  | 'FieldValueRequired'
  | 'FieldValueInvalid'
  | 'FieldValueDuplicate'
  | 'FieldValueForbidden'
  | 'FieldValueNotSupported'
  | 'FieldValueNotFound'
  | 'FieldValueTypeInvalid'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'InternalError'
  /** A field that no Kubernetes type has at this place. */
  | 'UnknownField'
  /** A field that Kubernetes knows and peapod does not carry out yet. */
  | 'NotCarriedOut'

export interface SourcePosition {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** The value, or everything that is wrong with it. */
export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly Problem[] }
