import type { IncomingMessage } from 'node:http'
import { Failure, messageOf } from '../../failure.ts'

/** Kubernetes' limit for the body of a request. */
const BODY_LIMIT_BYTES = 3 * 1024 * 1024
/** A client that is in the middle of its body hears of the refusal only when it was let finish: so much is thrown away. */
const DISCARD_LIMIT_BYTES = 4 * BODY_LIMIT_BYTES

/**
 * The whole body; empty when there is none.
 *
 * @throws Failure RequestEntityTooLarge, maybe with a rest of the body unread
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
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
  return Buffer.concat(chunks)
}

/** The media type of a body, without parameters and in small letters; undefined when none is given. */
export function mediaTypeOf(request: IncomingMessage): string | undefined {
  return request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
}

export function unsupportedMediaType(accepted: readonly string[]): Failure {
  return new Failure(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  )
}

function tooLarge(): Failure {
  return new Failure('RequestEntityTooLarge', `Request entity too large: limit is ${BODY_LIMIT_BYTES}`)
}
