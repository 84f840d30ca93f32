import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** By connection that is answering a request: the requests that came on it since. */
const waiting = new WeakMap<Socket, (() => void)[]>()

/**
 * A client may send requests without waiting for answers; node:http then hands out all of them at once and keeps the
 * answers until the client reads. Here each one begins when the one before it on its connection has been sent.
 *
 * @returns undefined: nothing is before it; else settles when it may begin, or its connection is closed.
 */
export function afterEarlier(socket: Socket, response: ServerResponse): Promise<void> | undefined {
  response.once('close', () => beginNext(socket))
  const line = waiting.get(socket)
  if (line !== undefined) return new Promise((resolve) => line.push(resolve))
  waiting.set(socket, [])
  socket.once('close', letAllGo)
  return undefined
}

function beginNext(socket: Socket): void {
  const next = waiting.get(socket)?.shift()
  if (next !== undefined) {
    next()
    return
  }
  waiting.delete(socket)
  socket.off('close', letAllGo)
}

/** Answers that never got to their connection do not hear that it closes. */
function letAllGo(this: Socket): void {
  const line = waiting.get(this) ?? []
  waiting.delete(this)
  for (const begin of line) begin()
}
