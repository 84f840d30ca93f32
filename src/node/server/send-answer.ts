import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Answer } from './answer.ts'

/**
 * Sends the answer. A client that takes nothing for `stalledClientMs` loses its connection: what it does not read is
 * neither piled up nor waited for.
 */
export async function sendAnswer(response: ServerResponse, answer: Answer, stalledClientMs: number): Promise<void> {
  if (answer.is === 'stream') {
    const { contentType, parts } = answer
    const headers = { 'content-type': contentType, 'cache-control': 'no-cache, private' }
    await sendStream(response, { code: 200, headers, parts }, stalledClientMs)
    return
  }
  if (answer.is === 'relay') {
    await sendStream(response, answer, stalledClientMs)
    return
  }
  for (const warning of answer.warnings ?? []) response.appendHeader('warning', `299 - ${JSON.stringify(warning)}`)
  response.writeHead(answer.code, {
    'content-type': answer.contentType,
    // An answer without a body tells no length: the one it would tell is that of the document it stands for.
    ...(answer.code === 304 ? {} : { 'content-length': Buffer.byteLength(answer.body) }),
    'cache-control': 'no-cache, private',
    ...answer.headers,
  })
  response.end(answer.body)
  if (response.writableLength > 0) dropWhenStalled(response, stalledClientMs)
}

async function sendStream(
  response: ServerResponse,
  answer: Omit<Answer & { readonly is: 'relay' }, 'is'>,
  stalledClientMs: number,
): Promise<void> {
  response.writeHead(answer.code, answer.headers)
  response.flushHeaders()
  for await (const part of answer.parts) {
    if (response.destroyed) return
    if (!response.write(part) && !(await hasDrained(response, stalledClientMs))) return
  }
  response.end()
  if (response.writableLength > 0) dropWhenStalled(response, stalledClientMs)
}

/** @returns false when the client is gone, or stalled and dropped for it. */
async function hasDrained(response: ServerResponse, limitMs: number): Promise<boolean> {
  const over = new AbortController()
  const timer = setTimeout(() => response.destroy(), limitMs)
  const closed = (): void => over.abort()
  response.once('close', closed)
  try {
    await once(response, 'drain', { signal: over.signal })
    return true
  } catch {
    // Aborted, the only way in which waiting for an event ends without it: the connection is closed.
    return false
  } finally {
    clearTimeout(timer)
    response.off('close', closed)
  }
}

function dropWhenStalled(response: ServerResponse, limitMs: number): void {
  const { socket } = response
  if (socket === null) return
  // The socket's own timeout counts only time in which no byte moves.
  const drop = (): void => {
    socket.destroy()
  }
  socket.setTimeout(limitMs, drop)
  response.once('close', () => {
    socket.setTimeout(0)
    socket.off('timeout', drop)
  })
}
