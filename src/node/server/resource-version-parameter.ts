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

/**
 * Refuses to read a state that is newer than the newest: its version was given by a store that is gone.
 *
 * @throws Failure Timeout, as the API server answers once it has waited for that state in vain
 */
export function checkNotTooNew(asked: string | undefined, newest: string): void {
  if (asked === undefined || Number(asked) <= Number(newest)) return
  throw new Failure('Timeout', `Timeout: Too large resource version: ${asked}, current: ${newest}`, {
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  })
}
