import { type HttpRequest, redirected, urlText } from './http-request.ts'
import { type HttpAnswer, type HttpProblem, sendHttpRequest } from './send-http-request.ts'

const MOST_REDIRECTS = 10

export interface FollowedRequest {
  /** The last one: a redirect when it was not followed. */
  readonly answer: HttpAnswer | HttpProblem
  /** Where it came from. */
  readonly url: string
}

/** Sends a request, and again to where its answer points on the same host, up to ten times. */
export async function followRequest(
  first: HttpRequest,
  limits: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<FollowedRequest> {
  const endsAtMs = performance.now() + limits.timeoutMs
  let request = first
  for (let redirects = 0; ; redirects += 1) {
    const timeoutMs = Math.max(1, endsAtMs - performance.now())
    const answer = await sendHttpRequest(request, { timeoutMs, signal: limits.signal })
    const next = redirects === MOST_REDIRECTS ? undefined : nextRequest(request, answer)
    if (next === undefined) return { answer, url: urlText(request) }
    request = next
  }
}

function nextRequest(request: HttpRequest, answer: HttpAnswer | HttpProblem): HttpRequest | undefined {
  if ('is' in answer || answer.location === undefined || !isRedirect(answer.statusCode)) return undefined
  return redirected(request, answer.location)
}

/** The others of 3xx do not say where to look. */
function isRedirect(statusCode: number): boolean {
  return [301, 302, 303, 307, 308].includes(statusCode)
}
