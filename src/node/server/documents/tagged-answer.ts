import { createHash } from 'node:crypto'
import type { Answer } from '../answer.ts'
import type { DocumentRequest } from './document.ts'

/** A document that clients keep: they get 304 Not Modified as long as they have it as it is. */
export function taggedAnswer(
  { headers }: DocumentRequest,
  { contentType, body, vary }: { readonly contentType: string; readonly body: string; readonly vary: string },
): Answer {
  const etag = `"${createHash('sha256').update(body).digest('hex').toUpperCase()}"`
  const answerHeaders = { etag, vary, 'cache-control': 'public' }
  const isKnown = (headers['if-none-match'] ?? '').split(',').some((tag) => tag.trim() === etag)
  return isKnown
    ? { is: 'whole', code: 304, contentType, body: '', headers: answerHeaders }
    : { is: 'whole', code: 200, contentType, body, headers: answerHeaders }
}
