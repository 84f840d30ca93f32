import type { Container, ContainerStatus, ContainerStatusState, Pod, Probe } from '../../../kube/api/pod.ts'
import { environmentRows } from './environment-rows.ts'
import { boolText, byName, instantText, row, type Rows } from './rows.ts'

/** One container as `kubectl describe pod` shows it. */
export function containerRows(container: Container, statuses: readonly ContainerStatus[] | undefined, pod: Pod): Rows {
  const status = statuses?.find(({ name }) => name === container.name)
  const ports = container.ports ?? []
  const seccomp = container.securityContext?.seccompProfile
  return [
    row(1, `${container.name}:`),
    ...(status === undefined ? [] : [row(2, 'Container ID:', status.containerID ?? '')]),
    row(2, 'Image:', container.image),
    ...(status === undefined ? [] : [row(2, 'Image ID:', status.imageID)]),
    portRow(
      'Port',
      ports.map(({ containerPort, ...port }) => ({ ...port, number: containerPort })),
    ),
    portRow(
      'Host Port',
      ports.map(({ hostPort = 0, ...port }) => ({ ...port, number: hostPort })),
    ),
    ...(seccomp === undefined ? [] : [row(2, 'SeccompProfile:', seccomp.type)]),
    ...(seccomp?.type === 'Localhost' ? [row(3, 'LocalhostProfile:', seccomp.localhostProfile ?? '')] : []),
    ...wordRows('Command', container.command),
    ...wordRows('Args', container.args),
    ...(status === undefined ? [] : statusRows(status)),
    ...resourceRows('Limits', container.resources?.limits),
    ...resourceRows('Requests', container.resources?.requests),
    ...probeRow('Liveness', container.livenessProbe),
    ...probeRow('Readiness', container.readinessProbe),
    ...probeRow('Startup', container.startupProbe),
    ...environmentRows(container, pod),
    ...mountRows(container),
  ]
}

interface ShownPort {
  readonly number: number
  readonly protocol?: string
  readonly name?: string
}

function portRow(title: string, ports: readonly ShownPort[]): string {
  const texts = ports.map(({ number, protocol = 'TCP', name = '' }) => `${number}/${protocol}${name && ` (${name})`}`)
  return row(2, `${title}${ports.length > 1 ? 's' : ''}:`, texts.join(', ') || '<none>')
}

function wordRows(title: string, words: readonly string[] = []): Rows {
  if (words.length === 0) return []
  return [row(2, `${title}:`), ...words.flatMap((word) => word.split('\n')).map((line) => row(3, line))]
}

function statusRows({ state, lastState, ready, restartCount }: ContainerStatus): Rows {
  return [
    ...stateRows('State', state),
    ...(lastState?.terminated === undefined ? [] : stateRows('Last State', lastState)),
    row(2, 'Ready:', boolText(ready)),
    row(2, 'Restart Count:', restartCount),
  ]
}

function stateRows(title: string, { running, waiting, terminated }: ContainerStatusState = {}): Rows {
  const optional = (name: string, value: string | number | undefined): Rows =>
    value === undefined || value === '' || value === 0 ? [] : [row(3, `${name}:`, value)]
  if (running !== undefined) {
    return [row(2, `${title}:`, 'Running'), row(3, 'Started:', instantText(running.startedAt))]
  }
  if (terminated === undefined || waiting !== undefined) {
    return [row(2, `${title}:`, 'Waiting'), ...optional('Reason', waiting?.reason)]
  }
  return [
    row(2, `${title}:`, 'Terminated'),
    ...optional('Reason', terminated.reason),
    ...optional('Message', terminated.message),
    row(3, 'Exit Code:', terminated.exitCode),
    ...optional('Signal', terminated.signal),
    row(3, 'Started:', instantText(terminated.startedAt)),
    row(3, 'Finished:', instantText(terminated.finishedAt)),
  ]
}

function resourceRows(title: string, quantities: Readonly<Record<string, string>> = {}): Rows {
  const entries = Object.entries(quantities).toSorted(byName(([name]) => name))
  if (entries.length === 0) return []
  return [row(2, `${title}:`), ...entries.map(([name, quantity]) => row(3, `${name}:`, quantity))]
}

function probeRow(title: string, probe: Probe | undefined): Rows {
  if (probe === undefined) return []
  const { initialDelaySeconds = 0, timeoutSeconds, periodSeconds, successThreshold, failureThreshold } = probe
  const numbers = `delay=${initialDelaySeconds}s timeout=${timeoutSeconds}s period=${periodSeconds}s #success=${successThreshold} #failure=${failureThreshold}`
  return [row(2, `${title}:`, `${probeText(probe)} ${numbers}`)]
}

function probeText({ exec, httpGet, tcpSocket, grpc }: Probe): string {
  if (exec !== undefined) return `exec [${(exec.command ?? []).join(' ')}]`
  if (httpGet !== undefined) {
    const { scheme = 'HTTP', host = '', port, path = '' } = httpGet
    const rooted = path === '' || path.startsWith('/') ? path : `/${path}`
    const escaped = encodeURI(rooted).replaceAll('?', '%3F').replaceAll('#', '%23')
    return `http-get ${scheme.toLowerCase()}://${host.includes(':') ? `[${host}]` : host}:${String(port)}${escaped}`
  }
  if (tcpSocket !== undefined) return `tcp-socket ${tcpSocket.host ?? ''}:${String(tcpSocket.port)}`
  return grpc === undefined ? 'unknown' : `grpc <pod>:${grpc.port} ${grpc.service ?? ''}`
}

function mountRows({ volumeMounts = [], volumeDevices = [] }: Container): Rows {
  const mounts = volumeMounts.toSorted(byName(({ mountPath }) => mountPath))
  const devices = volumeDevices.toSorted(byName(({ devicePath }) => devicePath))
  return [
    mounts.length === 0 ? row(2, 'Mounts:', '<none>') : row(2, 'Mounts:'),
    ...mounts.map(({ mountPath, name, readOnly, subPath = '' }) => {
      const path = subPath === '' ? '' : `,path=${JSON.stringify(subPath)}`
      return row(3, `${mountPath} from ${name} (${readOnly === true ? 'ro' : 'rw'}${path})`)
    }),
    ...(devices.length === 0 ? [] : [row(2, 'Devices:')]),
    ...devices.map(({ devicePath, name }) => row(3, `${devicePath} from ${name}`)),
  ]
}
