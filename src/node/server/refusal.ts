import { Failure } from '../../failure.ts'
import { invalidMessage } from '../../kube/api/invalid-message.ts'
import type { Problem } from '../../kube/api/problem.ts'

export interface RefusedObject {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly name: string
}

/** Problems with the text of a document rather than with what it asks for: Kubernetes finds them while decoding. */
const DECODING: readonly Problem['reason'][] = ['UnknownField', 'FieldValueTypeInvalid']

export function isUndecodable({ reason }: Problem): boolean {
  return DECODING.includes(reason)
}

/** The answer to an object with problems: 400 when it can't be decoded, else 422 with all causes. */
export function refusal(object: RefusedObject, problems: readonly Problem[]): Failure {
  const undecodable = problems.filter(isUndecodable)
  if (undecodable.length > 0) {
    const apiVersion = object.group === '' ? object.version : `${object.group}/${object.version}`
    return new Failure(
      'BadRequest',
      `${object.kind} in version ${JSON.stringify(apiVersion)} cannot be handled as a ${object.kind}: ${decodingErrors(undecodable)}`,
    )
  }
  const qualifiedKind = object.group === '' ? object.kind : `${object.kind}.${object.group}`
  return new Failure('Invalid', invalidMessage(qualifiedKind, object.name, problems), {
    details: {
      ...(object.name === '' ? {} : { name: object.name }),
      ...(object.group === '' ? {} : { group: object.group }),
      kind: object.kind,
      causes: problems.map(({ reason, message, field }) => ({ reason, message, field })),
    },
  })
}

function decodingErrors(problems: readonly Problem[]): string {
  const wrong = problems.filter(({ reason }) => reason !== 'UnknownField')
  if (wrong.length > 0) return wrong.map(({ field, message }) => `${field}: ${message}`).join(', ')
  return `strict decoding error: ${problems.map(unknownField).join(', ')}`
}

/** As Kubernetes says it, in errors and in warnings. */
export function unknownField({ field }: Problem): string {
  return `unknown field ${JSON.stringify(field)}`
}
