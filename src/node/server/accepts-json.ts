import { Failure } from '../../failure.ts'

/**
 * Of what writes: it is answered with JSON of the objects themselves, whatever else the client would take.
 * @throws Failure NotAcceptable
 */
export function checkAcceptsJson(accept: string | undefined): void {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json') return
  const isAcceptable = accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    if (type === '*/*' || type === 'application/*') return true
    return type === 'application/json' && !parameters.some((parameter) => parameter.startsWith('as='))
  })
  if (!isAcceptable) throw new Failure('NotAcceptable', '406: Not Acceptable', { details: {} })
}
