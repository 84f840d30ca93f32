import { expandVariables } from '../../../kube/api/expand-variables.ts'
import type { Container, Probe } from '../../../kube/api/pod.ts'
import { probePort } from '../../../kube/lifecycle/probe-port.ts'
import type { ContainerRuntime } from '../../../machine/runtime/container-runtime.ts'
import type { HttpTarget } from './http-request.ts'
import { probeExec } from './probe-exec.ts'
import type { ProbeFinding } from './probe-finding.ts'
import { probeTcp } from './probe-tcp.ts'

export interface ProbedContainer {
  readonly container: Container
  /** The runtime's id of the instance. */
  readonly instance: string
  /** The pod's address: the machine's own for a pod on its network. */
  readonly podIP: string
}

/** A probe that can't be run is tried again at once, so many times in all (P7). */
const MOST_TRIES = 3

/** Runs a probe once. */
export async function runProbe(
  runtime: Pick<ContainerRuntime, 'exec'>,
  probe: Probe,
  asked: ProbedContainer & { readonly signal: AbortSignal },
): Promise<ProbeFinding> {
  for (let tries = 1; ; tries += 1) {
    const found = await tryProbe(runtime, probe, asked)
    if (found.is !== 'error' || tries === MOST_TRIES || asked.signal.aborted) return found
  }
}

async function tryProbe(
  runtime: Pick<ContainerRuntime, 'exec'>,
  probe: Probe,
  { container, instance, podIP, signal }: ProbedContainer & { readonly signal: AbortSignal },
): Promise<ProbeFinding> {
  const limits = { timeoutSeconds: probe.timeoutSeconds, signal }
  const { exec, httpGet, tcpSocket, grpc } = probe
  if (exec !== undefined) {
    return probeExec(runtime, { instance, command: expandedCommand(container, exec.command ?? []) }, limits)
  }
  if (httpGet !== undefined) {
    const target = httpTarget(container, httpGet, podIP)
    if (target === undefined) return noSuchPort(httpGet.port)
    const { probeHttp } = await import('./probe-http.ts')
    return probeHttp(target, limits)
  }
  if (tcpSocket !== undefined) {
    const port = probePort(container, tcpSocket.port)
    return port === undefined ? noSuchPort(tcpSocket.port) : probeTcp({ host: hostOf(tcpSocket, podIP), port }, limits)
  }
  if (grpc !== undefined) {
    const { probeGrpc } = await import('./probe-grpc.ts')
    return probeGrpc({ host: podIP, port: grpc.port, service: grpc.service ?? '' }, limits)
  }
  return { is: 'error', message: 'missing probe handler' }
}

/** undefined when the container has no port of the name that is asked for. */
export function httpTarget(
  container: Container,
  action: NonNullable<Probe['httpGet']>,
  podIP: string,
): HttpTarget | undefined {
  const port = probePort(container, action.port)
  if (port === undefined) return undefined
  return {
    scheme: action.scheme === 'HTTPS' ? 'https' : 'http',
    host: hostOf(action, podIP),
    port,
    path: action.path ?? '/',
    headers: action.httpHeaders ?? [],
  }
}

function hostOf({ host }: { readonly host?: string }, podIP: string): string {
  return host === undefined || host === '' ? podIP : host
}

function noSuchPort(port: number | string): ProbeFinding {
  return { is: 'error', message: `couldn't find port "${port}": the container has no port of this name` }
}

/** Only variables that the manifest gives a plain value are known to the kubelet here. */
function expandedCommand(container: Container, command: readonly string[]): string[] {
  const values = new Map((container.env ?? []).map(({ name, value }) => [name, value]))
  return command.map((word) => expandVariables(word, (name) => values.get(name)))
}
