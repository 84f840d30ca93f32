import { Failure, FAILURE_REASONS, type FailureReason } from '../../failure.ts'

/** What a request was for, in the words of an error message: `create pod "web"`. */
export interface FailedAnswer {
  readonly what: string
  readonly statusCode: number
  /** The body as it came, usually a Kubernetes `Status`. */
  readonly body: string
}

const REASON_OF_CODE: Readonly<Record<number, FailureReason>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

/** The Failure with the same reason, message and details as the Status that the server answered with. */
export function statusFailure(answer: FailedAnswer): Failure {
  const status = parseStatus(answer.body)
  const byCode = REASON_OF_CODE[answer.statusCode] ?? 'InternalError'
  const reason = FAILURE_REASONS.find((known) => known === status?.reason) ?? byCode
  const said = status?.message ?? (answer.body.trim().slice(0, 300) || `HTTP status ${answer.statusCode}`)
  return new Failure(reason, `${answer.what}: the API server answered: ${said}`, {
    details: { ...status?.details, code: answer.statusCode },
  })
}

interface Status {
  readonly reason?: string
  readonly message?: string
  readonly details?: Readonly<Record<string, unknown>>
}

function parseStatus(body: string): Status | undefined {
  try {
    const value: unknown = JSON.parse(body)
    const isStatus = typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status'
    return isStatus ? (value as Status) : undefined
  } catch {
    // A proxy or a server that is not Kubernetes: its text goes into the message as it is.
    return undefined
  }
}
