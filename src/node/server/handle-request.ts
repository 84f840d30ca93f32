import type { IncomingMessage, ServerResponse } from 'node:http'
import { Failure, messageOf } from '../../failure.ts'
import type { Access } from './access/access.ts'
import { statusAnswer } from './answer.ts'
import { answerRequest } from './answer-request.ts'
import { afterEarlier } from './one-at-a-time.ts'
import { sendAnswer } from './send-answer.ts'
import type { ServerParts } from './server-parts.ts'
import { failureStatus } from './status.ts'
import type { Traffic } from './traffic.ts'

export interface Handling {
  readonly parts: ServerParts
  /** By which way the request came in. */
  readonly access: Access
  /** Aborts when the server closes. */
  readonly closing: AbortSignal
  readonly stalledClientMs: number
  /** The requests of all the ways into the server. */
  readonly traffic: Traffic
}

/** Made once: the stack of each new one would cost more than many an answer. */
const REQUEST_IS_OVER = new Failure('Interrupted', 'answer a request: it is over, or its client is gone')

/** Answers one request, whatever happens; never throws. */
export async function handleRequest(
  incoming: IncomingMessage,
  response: ServerResponse,
  { parts, access, closing, stalledClientMs, traffic }: Handling,
): Promise<void> {
  await afterEarlier(incoming.socket, response)
  if (incoming.socket.destroyed) return
  const over = new AbortController()
  const end = (): void => over.abort(REQUEST_IS_OVER)
  response.on('close', end)
  closing.addEventListener('abort', end)
  // A connection that breaks is the client's matter; its requests end by the signal.
  response.on('error', end)
  const meter = parts.metrics?.arrived()
  try {
    const answer = await answerRequest(parts, incoming, { access, meter, traffic, signal: over.signal })
    if (!incoming.complete) dropBodyAfter(incoming, response)
    await sendAnswer(response, answer, stalledClientMs)
  } catch (thrown) {
    const what = `${incoming.method ?? ''} ${incoming.url ?? ''}`
    if (!(thrown instanceof Failure)) parts.log(`answer ${what}: ${stackOf(thrown)}`)
    if (response.headersSent) {
      // A stream that ends early must not look whole.
      response.destroy()
    } else {
      if (!incoming.complete) dropBodyAfter(incoming, response)
      const status = failureStatus(thrown)
      await sendAnswer(response, statusAnswer(status.code, status), stalledClientMs)
    }
  } finally {
    meter?.ended(response.statusCode)
    closing.removeEventListener('abort', end)
    // A stream's head promised to keep the connection; a server that closes can't.
    if (closing.aborted) incoming.socket.destroySoon()
  }
}

/** What is left of a body that was not read would be taken for the next request: the connection ends with the answer. */
function dropBodyAfter(incoming: IncomingMessage, response: ServerResponse): void {
  if (!incoming.headers['content-length'] && !incoming.headers['transfer-encoding']) return
  response.setHeader('connection', 'close')
  response.once('finish', () => incoming.destroy())
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : messageOf(thrown)
}
