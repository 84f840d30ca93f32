import { Failure } from '../../failure.ts'

/** The version of the query; undefined when it is absent. @throws Failure as Kubernetes: an error without a reason, 500 */
export function resourceVersionParameter(query: URLSearchParams): string | undefined {
  const text = query.get('resourceVersion') ?? ''
  if (text === '') return undefined
  if (/^\d+$/.test(text)) return text
  throw new Failure(
    'InternalError',
    `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
  )
}
