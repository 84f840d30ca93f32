import { Failure } from '../../failure.ts'
import type { Problem } from '../../kube/api/problem.ts'
import { invalid } from '../../kube/api/rules/finding.ts'
import { invalidMessage } from '../../kube/api/invalid-message.ts'
import type { Refuse } from './field-validation.ts'
import { isUndecodable, refusal, type RefusedObject, unknownField } from './refusal.ts'

/**
 * How a patch is refused: what a patched object could not be decoded for is, to the API server, an invalid value of the
 * patch.
 *
 * @param show what was patched, as the sentence quotes it.
 */
export function patchRefusal(show: () => string, object: RefusedObject): Refuse {
  return (problems) => {
    const undecodable = problems.filter(isUndecodable)
    if (undecodable.length === 0) return refusal(object, problems)
    const cause = invalid('patch', show(), decodingError(undecodable))
    return new Failure('Invalid', invalidMessage('', '', [cause]), {
      details: { causes: [{ reason: cause.reason, message: cause.message, field: cause.field }] },
    })
  }
}

function decodingError(problems: readonly Problem[]): string {
  const wrong = problems.filter(({ reason }) => reason !== 'UnknownField')
  if (wrong.length > 0) return wrong.map(({ field, message }) => `${field}: ${message}`).join(', ')
  return `strict decoding error: ${problems.map(unknownField).join(', ')}`
}
