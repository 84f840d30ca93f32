import { setTimeout as pause } from 'node:timers/promises'
import { callGrpc, type GrpcAnswer, type GrpcCall } from './call-grpc.ts'
import { hostAndPort } from './dial-message.ts'
import { decodeHealthCheckResponse, encodeHealthCheckRequest } from './grpc-health-message.ts'
import { durationText, type ProbeFinding, type ProbeLimits } from './probe-finding.ts'

export interface GrpcTarget {
  readonly host: string
  readonly port: number
  /** '' asks for the server as a whole. */
  readonly service: string
}

/** @see https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md */
const FIRST_PAUSE_MS = 1_000
const PAUSE_GROWTH = 1.6

const OK = 0
const DEADLINE_EXCEEDED = 4
const UNIMPLEMENTED = 12
const CODE_NAMES = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
]

/** Asks a server by the health protocol of gRPC (P11). @see https://github.com/grpc/grpc/blob/master/doc/health-checking.md */
export async function probeGrpc(target: GrpcTarget, limits: ProbeLimits): Promise<ProbeFinding> {
  const answer = await callOnceConnected({
    host: target.host,
    port: target.port,
    method: '/grpc.health.v1.Health/Check',
    frame: encodeHealthCheckRequest(target.service),
    timeoutMs: limits.timeoutSeconds * 1000,
    signal: limits.signal,
  })
  if (answer.is === 'aborted') return { is: 'error', message: 'context canceled' }
  const problem = problemWith(answer, hostAndPort(target.host, target.port), durationText(limits.timeoutSeconds))
  return problem === undefined ? { is: 'success' } : { is: 'failure', message: problem }
}

/** Nobody may listen yet: gRPC dials again and again until the time is over, and so does a Kubernetes node. */
async function callOnceConnected(call: GrpcCall): Promise<Exclude<GrpcAnswer, { is: 'not connected' }>> {
  const endsAtMs = performance.now() + call.timeoutMs
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= PAUSE_GROWTH) {
    const answer = await callGrpc({ ...call, timeoutMs: Math.max(1, endsAtMs - performance.now()) })
    if (answer.is !== 'not connected') return answer
    const leftMs = Math.max(0, endsAtMs - performance.now())
    await pause(Math.min(pauseMs, leftMs), undefined, { signal: call.signal }).catch(() => undefined)
    if (call.signal.aborted) return { is: 'aborted' }
    if (leftMs <= pauseMs) return { is: 'timed out', connected: false }
  }
}

function problemWith(
  answer: Exclude<GrpcAnswer, { is: 'aborted' | 'not connected' }>,
  address: string,
  timeout: string,
): string | undefined {
  switch (answer.is) {
    case 'timed out':
      return answer.connected
        ? `timeout: health rpc did not complete within ${timeout}`
        : `timeout: failed to connect service "${address}" within ${timeout}: context deadline exceeded`
    case 'answered':
      return problemWithAnswer(answer, timeout)
  }
}

function problemWithAnswer(answer: GrpcAnswer & { is: 'answered' }, timeout: string): string | undefined {
  const { code, message, frame } = answer
  if (code === UNIMPLEMENTED) {
    return `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${message}`
  }
  if (code === DEADLINE_EXCEEDED) return `timeout: health rpc did not complete within ${timeout}`
  if (code !== OK) {
    return `error: health rpc probe failed: rpc error: code = ${CODE_NAMES[code] ?? `Code(${code})`} desc = ${message}`
  }
  const status = decodeHealthCheckResponse(frame)
  if (status === 'SERVING') return undefined
  return status === undefined
    ? 'error: health rpc probe failed: the answer is no HealthCheckResponse'
    : `service unhealthy (responded with "${status}")`
}
