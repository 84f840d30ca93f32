import { messageOf, Failure } from '../../failure.ts'
import type { OpenEndpoint } from './endpoint.ts'
import { PODS, queryString, resourcePath } from './resource-type.ts'
import { sendRequest } from './send-request.ts'

export interface PodLogOptions {
  readonly container?: string
  /** Goes on until the container's instance is over. */
  readonly follow?: boolean
  /** Each line begins with an RFC 3339 instant and a space. */
  readonly timestamps?: boolean
  readonly tailLines?: number
  /** RFC 3339; servers cut it to seconds. */
  readonly sinceTime?: string
  /** The instance before the newest one. */
  readonly previous?: boolean
  readonly signal?: AbortSignal
}

/** An answer that has begun: its bytes come as they are read, so that a slow reader slows the server down. */
export interface PodLog extends AsyncDisposable {
  readonly bytes: AsyncIterable<Buffer>
}

/**
 * Opens a container's log.
 *
 * @throws Failure BadRequest when the container has no log yet, NotFound when the pod is gone; while reading,
 * ServiceUnavailable when the connection breaks, or the signal's reason.
 */
export async function readPodLog(
  to: OpenEndpoint,
  pod: { readonly namespace: string; readonly name: string },
  options: PodLogOptions,
): Promise<PodLog> {
  const { signal, ...parameters } = options
  const what = `read the log of pod ${JSON.stringify(pod.name)}`
  const path = resourcePath(PODS, { ...pod, subresource: 'log' }) + queryString(parameters)
  const answer = await sendRequest(to, { method: 'GET', path, what, ...(signal === undefined ? {} : { signal }) })

  async function* bytes(): AsyncGenerator<Buffer, void, undefined> {
    try {
      for await (const chunk of answer) yield chunk as Buffer
    } catch (cause) {
      signal?.throwIfAborted()
      throw new Failure('ServiceUnavailable', `${what}: the connection broke: ${messageOf(cause)}`, { cause })
    }
  }
  return {
    bytes: bytes(),
    [Symbol.asyncDispose]: () => {
      answer.destroy()
      return Promise.resolve()
    },
  }
}
