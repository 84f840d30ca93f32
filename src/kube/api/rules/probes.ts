import type { V1HTTPGetAction, V1Lifecycle, V1LifecycleHandler, V1Probe } from '@kubernetes/client-node'
import type { Draft, Finding } from './finding.ts'
import { forbidden, inRange, invalid, invalidFor, isEmpty, nonNegative, notSupported, required } from './finding.ts'
import { brokenByHeaderName } from './names.ts'
import { checkPortReference } from './ports.ts'

export type ProbeName = 'livenessProbe' | 'readinessProbe' | 'startupProbe'
type Handler = Pick<Draft<V1Probe>, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> &
  Pick<Draft<V1LifecycleHandler>, 'sleep'>

const SCHEMES = ['HTTP', 'HTTPS']

/** One probe (P1). @param field ends in the probe's name. */
export function checkProbe(probe: Draft<V1Probe>, name: ProbeName, field: string): Finding[] {
  const { successThreshold, terminationGracePeriodSeconds } = probe
  const found = [
    ...checkHandler(probe, field, undefined),
    ...nonNegative(`${field}.initialDelaySeconds`, probe.initialDelaySeconds),
    ...nonNegative(`${field}.timeoutSeconds`, probe.timeoutSeconds),
    ...nonNegative(`${field}.periodSeconds`, probe.periodSeconds),
    ...nonNegative(`${field}.successThreshold`, successThreshold),
    ...nonNegative(`${field}.failureThreshold`, probe.failureThreshold),
  ]
  if (terminationGracePeriodSeconds !== undefined) {
    const graceField = `${field}.terminationGracePeriodSeconds`
    if (terminationGracePeriodSeconds <= 0)
      found.push(invalid(graceField, terminationGracePeriodSeconds, 'must be greater than 0'))
    if (name === 'readinessProbe') {
      found.push(invalid(graceField, terminationGracePeriodSeconds, 'must not be set for readinessProbes'))
    }
  }
  if (name !== 'readinessProbe' && successThreshold !== undefined && successThreshold !== 1) {
    found.push(invalid(`${field}.successThreshold`, successThreshold, 'must be 1'))
  }
  return found
}

/** The hooks of a container (H1–H4, H8). */
export function checkLifecycle(
  lifecycle: Draft<V1Lifecycle>,
  field: string,
  pod: { readonly graceSeconds: number; readonly osName: string | undefined },
): Finding[] {
  const { postStart, preStop, stopSignal } = lifecycle
  return [
    ...(postStart === undefined ? [] : checkHandler(postStart, `${field}.postStart`, pod.graceSeconds)),
    ...(preStop === undefined ? [] : checkHandler(preStop, `${field}.preStop`, pod.graceSeconds)),
    ...(stopSignal === undefined ? [] : checkStopSignal(stopSignal, `${field}.stopSignal`, pod.osName)),
  ]
}

function checkHandler(handler: Handler, field: string, graceSeconds: number | undefined): Finding[] {
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler
  const checks: [name: string, check: () => Finding[]][] = []
  if (exec !== undefined) {
    const isMissing = (exec.command ?? []).length === 0
    checks.push(['exec', () => (isMissing ? [required(`${field}.exec.command`)] : [])])
  }
  if (httpGet !== undefined) checks.push(['httpGet', () => checkHttpGet(httpGet, `${field}.httpGet`)])
  if (tcpSocket !== undefined) {
    checks.push(['tcpSocket', () => checkPortReference(tcpSocket.port, `${field}.tcpSocket.port`)])
  }
  if (grpc !== undefined) {
    checks.push(['grpc', () => invalidFor(`${field}.grpc.port`, grpc.port ?? 0, inRange(grpc.port ?? 0, 1, 65_535))])
  }
  if (sleep !== undefined)
    checks.push(['sleep', () => checkSleep(sleep.seconds ?? 0, `${field}.sleep`, graceSeconds ?? 0)])
  if (checks.length === 0) return [required(field, 'must specify a handler type')]
  return checks.flatMap(([name, check], index) =>
    index === 0 ? check() : [forbidden(`${field}.${name}`, 'may not specify more than 1 handler type')],
  )
}

function checkHttpGet(action: Draft<V1HTTPGetAction>, field: string): Finding[] {
  const { path, port, scheme, httpHeaders } = action
  return [
    ...(isEmpty(path) ? [required(`${field}.path`)] : []),
    ...checkPortReference(port, `${field}.port`),
    ...(scheme !== undefined && !SCHEMES.includes(scheme) ? [notSupported(`${field}.scheme`, scheme, SCHEMES)] : []),
    ...(httpHeaders ?? []).flatMap((header, index) =>
      invalidFor(`${field}.httpHeaders`, header.name ?? '', brokenByHeaderName(header.name ?? '')).map((finding) => ({
        ...finding,
        place: `${field}.httpHeaders[${index}].name`,
      })),
    ),
  ]
}

function checkSleep(seconds: number, field: string, graceSeconds: number): Finding[] {
  if (seconds >= 0 && seconds <= graceSeconds) return []
  return [invalid(field, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`)]
}

const SIGNALS = [
  ...'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP'.split(
    ' ',
  ),
  ...'TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX'.split(' '),
  ...Array.from({ length: 15 }, (_, index) => `RTMIN+${index + 1}`),
  ...Array.from({ length: 14 }, (_, index) => `RTMAX-${index + 1}`),
]
  .map((name) => `SIG${name}`)
  .sort()

function checkStopSignal(stopSignal: string, field: string, osName: string | undefined): Finding[] {
  if (isEmpty(osName)) return [forbidden(field, 'may not be set for containers with empty `spec.os.name`')]
  const supported = osName === 'windows' ? ['SIGKILL', 'SIGTERM'] : SIGNALS
  return supported.includes(stopSignal) ? [] : [notSupported(field, stopSignal, supported)]
}
