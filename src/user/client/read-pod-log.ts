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
  /** Each line says which stream it was written to, if the server can tell: see PodLog. */
  readonly streamNames?: boolean
  /** Only this one; `tailLines` does not go with it. Servers before Kubernetes 1.32 tell both all the same. */
  readonly stream?: 'Stdout' | 'Stderr'
  readonly tailLines?: number
  /** RFC 3339; servers cut it to seconds. */
  readonly sinceTime?: string
  /** Not together with `sinceTime`. */
  readonly sinceSeconds?: number
  readonly limitBytes?: number
  /** The instance before the newest one. */
  readonly previous?: boolean
  readonly signal?: AbortSignal
}

/** An answer that has begun: its bytes come as they are read, so that a slow reader slows the server down. */
export interface PodLog extends AsyncDisposable {
  /** Whether each line has `stdout` or `stderr` and a space before its text. */
  readonly hasStreamNames: boolean
  readonly bytes: AsyncIterable<Buffer>
}

/**
 * The API has no word for it, so it is a matter of the answer's type: a server that does not know this one answers with
 * plain text. Two answers, one for each stream, would tell the same but not in which order.
 */
const WITH_STREAM_NAMES = 'text/vnd.peapod.log'

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
  const { signal, streamNames = false, ...parameters } = options
  const what = `read the log of pod ${JSON.stringify(pod.name)}`
  const path = resourcePath(PODS, { ...pod, subresource: 'log' }) + queryString(parameters)
  const answer = await sendRequest(to, {
    method: 'GET',
    path,
    what,
    ...(streamNames ? { accept: `${WITH_STREAM_NAMES}, */*` } : {}),
    ...(signal === undefined ? {} : { signal }),
  })

  async function* bytes(): AsyncGenerator<Buffer, void, undefined> {
    try {
      for await (const chunk of answer) yield chunk as Buffer
    } catch (cause) {
      signal?.throwIfAborted()
      throw new Failure('ServiceUnavailable', `${what}: the connection broke: ${messageOf(cause)}`, { cause })
    }
  }
  return {
    hasStreamNames: answer.headers['content-type'] === WITH_STREAM_NAMES,
    bytes: bytes(),
    [Symbol.asyncDispose]: () => {
      answer.destroy()
      return Promise.resolve()
    },
  }
}
