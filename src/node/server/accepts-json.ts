import { Failure } from '../../failure.ts'

/**
 * @param accept the Accept header. JSON of the objects themselves is what there is: neither protobuf nor tables (`as=`).
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
