import { Failure, type FailureReason, messageOf } from '../../failure.ts'

/** HTTP codes of Kubernetes' reasons; every other failure is the server's own: 500. */
const HTTP_CODE: Partial<Record<FailureReason, number>> = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
}

/** A metav1.Status: how Kubernetes answers when there is no object to answer with. */
export interface Status {
  readonly kind: 'Status'
  readonly apiVersion: 'v1'
  readonly metadata: Readonly<Record<string, unknown>>
  readonly status: 'Success' | 'Failure'
  readonly message?: string
  readonly reason?: string
  readonly details?: Readonly<Record<string, unknown>>
  readonly code?: number
}

/** What was thrown, as the API tells it. A bug is told as InternalError. */
export function failureStatus(thrown: unknown): Status & { readonly code: number } {
  const failure = thrown instanceof Failure ? thrown : new Failure('InternalError', internalMessage(thrown))
  const code = HTTP_CODE[failure.reason] ?? 500
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: failure.message,
    // A reason that Kubernetes does not know would be nonsense to its clients.
    reason: failure.reason in HTTP_CODE ? failure.reason : 'InternalError',
    ...(failure.details === undefined ? {} : { details: failure.details }),
    code,
  }
}

function internalMessage(thrown: unknown): string {
  return `Internal error occurred: ${messageOf(thrown)}`
}

/** The answer to a request for something that is not there at all: a path, not an object. */
export function noSuchResource(): Failure {
  return new Failure('NotFound', 'the server could not find the requested resource', { details: {} })
}

export function methodNotAllowed(): Failure {
  return new Failure('MethodNotAllowed', 'the server does not allow this method on the requested resource', {
    details: {},
  })
}
