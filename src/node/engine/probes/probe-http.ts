import { followRequest } from './follow-request.ts'
import { buildHttpRequest, type HttpTarget } from './http-request.ts'
import type { ProbeFinding, ProbeLimits } from './probe-finding.ts'

/**
 * GET from the node (P9). Success: 200 to 399, decided by the answer's head; redirects are followed on the same host, and
 * one that is not followed is success with a warning.
 */
export async function probeHttp(target: HttpTarget, limits: ProbeLimits): Promise<ProbeFinding> {
  const { answer, url } = await followRequest(buildHttpRequest(target, 'kube-probe'), {
    timeoutMs: limits.timeoutSeconds * 1000,
    signal: limits.signal,
  })
  if ('is' in answer) {
    if (answer.is === 'no body' || limits.signal.aborted) return { is: 'error', message: answer.message }
    return { is: 'failure', message: `Get "${url}": ${answer.message}` }
  }
  const { statusCode, body } = answer
  if (statusCode < 200 || statusCode >= 400) {
    return { is: 'failure', message: `HTTP probe failed with statuscode: ${statusCode}` }
  }
  if (statusCode < 300) return { is: 'success' }
  return { is: 'warning', message: `Probe terminated redirects, Response body: ${body}` }
}
