import { messageOf } from '../../../failure.ts'
import type { HttpAnswer } from './http-transport.ts'

/** A registry answered with something other than what was asked for. */
export class RegistryAnswerError extends Error {
  readonly status: number
  /** From Retry-After. */
  readonly retryAfterMs: number | undefined
  /** The registry's own words, '' when it gave none. */
  readonly explanation: string

  constructor(host: string, answer: HttpAnswer, explanation: string, nowMs: number) {
    const text = `${answer.status} ${answer.statusText}`.trim()
    super(`${host} answered ${text}${explanation === '' ? '' : ` (${explanation})`}`)
    this.status = answer.status
    this.explanation = explanation
    this.retryAfterMs = retryAfterMs(answer.headers['retry-after'], nowMs)
  }
}

/** What was sent is not what the protocol or a digest says: trying again won't help. */
export class ProtocolError extends Error {}

/** A connection that broke before all was there: going on from there may help. */
export class TruncatedError extends Error {}

/** What one place of a registry gave as its reason to give nothing else. */
export interface Refusal {
  /** Host with port. */
  readonly host: string
  readonly error: unknown
}

/** Everybody who was asked refused; the registry itself is the last of them. */
export class RefusedByAll extends Error {
  readonly refusals: readonly Refusal[]

  constructor(refusals: readonly Refusal[]) {
    super('nobody has it', { cause: refusals.at(-1)?.error })
    this.refusals = refusals
  }
}

const MOST_ERROR_BYTES = 16 * 1024

/** Reads what an error answer says, as far as it is worth reading. */
export async function answerError(host: string, answer: HttpAnswer): Promise<RegistryAnswerError> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  try {
    for await (const chunk of answer.body()) {
      chunks.push(chunk)
      sizeBytes += chunk.length
      if (sizeBytes > MOST_ERROR_BYTES) break
    }
  } catch (error) {
    // The status is the news; words that broke off are told as such.
    return new RegistryAnswerError(host, answer, `its explanation broke off: ${messageOf(error)}`, Date.now())
  }
  return new RegistryAnswerError(host, answer, explanationIn(Buffer.concat(chunks).toString('utf8')), Date.now())
}

/** `{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}` as `MANIFEST_UNKNOWN: manifest unknown`. */
function explanationIn(body: string): string {
  try {
    const { errors, details } = JSON.parse(body) as { errors?: unknown; details?: unknown }
    if (typeof details === 'string') return oneLine(details)
    if (!Array.isArray(errors)) return ''
    const words = errors.map((error: { code?: unknown; message?: unknown }) =>
      [error.code, error.message].filter((word) => typeof word === 'string' && word !== '').join(': '),
    )
    return oneLine(words.join(', '))
  } catch {
    // Not the protocol's JSON: a proxy's or load balancer's page, of which a person wants one line at most.
    return body.trimStart().startsWith('<') ? '' : oneLine(body)
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 300)
}

function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  const seconds = Number(header)
  const waitMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - nowMs
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs)
}

const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ESILENCE',
  'ENETDOWN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'EAI_AGAIN',
  'HPE_INVALID_EOF_STATE',
])

/**
 * May the same request work in a moment?
 *
 * @param wasReached something worked before: a registry that now refuses connections is being restarted.
 */
export function isTransient(error: unknown, wasReached: boolean): boolean {
  if (error instanceof TruncatedError) return true
  if (error instanceof RefusedByAll) return error.refusals.some((refusal) => isTransient(refusal.error, wasReached))
  if (error instanceof RegistryAnswerError) return error.status >= 500 || error.status === 429 || error.status === 408
  const code = codeOf(error)
  return TRANSIENT_CODES.has(code) || (wasReached && code === 'ECONNREFUSED')
}

export function isTlsError(error: unknown): boolean {
  const code = codeOf(error)
  return /^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|EPROTO$)/.test(code)
}

export function codeOf(error: unknown): string {
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error
  const code = (first as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : ''
}
