import type { IncomingMessage } from 'node:http'
import { Failure, messageOf } from '../../failure.ts'

/** Kubernetes' limit for the body of a request. */
const BODY_LIMIT_BYTES = 3 * 1024 * 1024
/** A client that is in the middle of its body hears of the refusal only when it was let finish: so much is thrown away. */
const DISCARD_LIMIT_BYTES = 4 * BODY_LIMIT_BYTES
/** How much of a body goes into an error message, in characters. */
const SHOWN = 1_000

/**
 * The whole body as text; '' when there is none.
 *
 * @throws Failure RequestEntityTooLarge, maybe with a rest of the body unread
 */
export async function readBody(request: IncomingMessage): Promise<string> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_LIMIT_BYTES) throw tooLarge()
  const chunks: Buffer[] = []
  let size = 0
  try {
    // Leaving the loop must not destroy the socket: the answer still has to go out on it.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size <= BODY_LIMIT_BYTES) chunks.push(chunk)
      else if (size > DISCARD_LIMIT_BYTES) break
    }
  } catch (thrown) {
    throw new Failure('BadRequest', `read the request's body: ${messageOf(thrown)}`, { cause: thrown })
  }
  if (size > BODY_LIMIT_BYTES) throw tooLarge()
  return Buffer.concat(chunks).toString()
}

/**
 * The body of a request whose media type must be one of these; the first one is assumed when none is given.
 *
 * @throws Failure UnsupportedMediaType
 */
export function checkMediaType(request: IncomingMessage, accepted: readonly string[]): void {
  const given = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (given === undefined || accepted.includes(given)) return
  throw new Failure(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  )
}

/** @throws Failure BadRequest in the words of the API server */
export function parseJsonObject(text: string, kind: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (thrown) {
    throw unrecognized(
      kind,
      isCutShort(text, messageOf(thrown)) ? 'unexpected end of JSON input' : messageOf(thrown),
      text,
    )
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw unrecognized(kind, 'expected an object', text)
}

function unrecognized(kind: string, what: string, text: string): Failure {
  const shown = text === '' ? '<empty>' : text.slice(0, SHOWN)
  return new Failure(
    'BadRequest',
    `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${what} (${shown})`,
  )
}

/** V8 says where it stopped, in several ways, when the text ended too early. */
function isCutShort(text: string, message: string): boolean {
  if (/unexpected end|unterminated string/i.test(message)) return true
  const position = /at position (\d+)/.exec(message)?.[1]
  return position !== undefined && Number(position) >= text.trimEnd().length
}

function tooLarge(): Failure {
  return new Failure('RequestEntityTooLarge', `Request entity too large: limit is ${BODY_LIMIT_BYTES}`)
}
