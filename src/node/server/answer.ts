import type { OutgoingHttpHeaders } from 'node:http'
import type { KubeObject } from '../store/store.ts'
import { jsonOf } from '../store/object-json.ts'
import type { Status } from './status.ts'

interface WholeAnswer {
  readonly is: 'whole'
  readonly code: number
  readonly contentType: string
  readonly body: string | Uint8Array
  readonly warnings?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

/** How a request is answered, as a value; send-answer.ts sends it. */
export type Answer =
  | WholeAnswer
  /** Sent as it comes, each part at once, at the reader's pace. */
  | {
      readonly is: 'stream'
      readonly contentType: string
      readonly parts: AsyncIterable<string | Uint8Array>
    }
  /** Somebody else's, as it came from there; sent as the one before. */
  | {
      readonly is: 'relay'
      readonly code: number
      readonly headers: OutgoingHttpHeaders
      readonly parts: AsyncIterable<string | Uint8Array>
    }

const JSON_TYPE = 'application/json'

/** JSON ends with a newline, as Kubernetes' does. */
export function jsonAnswer(code: number, body: string, warnings: readonly string[] = []): WholeAnswer {
  return { is: 'whole', code, contentType: JSON_TYPE, body: `${body}\n`, warnings }
}

export function objectAnswer(code: number, object: KubeObject, warnings: readonly string[] = []): Answer {
  return jsonAnswer(code, jsonOf(object), warnings)
}

/** What a status says of trying again, its header says, too. */
export function statusAnswer(code: number, status: Status): Answer {
  const answer = jsonAnswer(code, JSON.stringify(status))
  const seconds = status.details?.['retryAfterSeconds']
  return typeof seconds === 'number' ? { ...answer, headers: { 'retry-after': String(seconds) } } : answer
}

export function textAnswer(code: number, body: string): Answer {
  return { is: 'whole', code, contentType: 'text/plain; charset=utf-8', body }
}
