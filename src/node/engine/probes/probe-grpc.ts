import { callGrpc, type GrpcAnswer } from './call-grpc.ts'
import { hostAndPort } from './dial-message.ts'
import { decodeHealthCheckResponse, encodeHealthCheckRequest } from './grpc-health-message.ts'
import { durationText, type ProbeFinding, type ProbeLimits } from './probe-finding.ts'

export interface GrpcTarget {
  readonly host: string
  readonly port: number
  /** '' asks for the server as a whole. */
  readonly service: string
}

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
  const answer = await callGrpc({
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

function problemWith(
  answer: Exclude<GrpcAnswer, { is: 'aborted' }>,
  address: string,
  timeout: string,
): string | undefined {
  switch (answer.is) {
    case 'not connected':
      return `error: failed to connect service at "${address}": ${answer.message}`
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
