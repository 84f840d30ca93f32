import { Failure } from '../../../failure.ts'
import type { Pod } from '../../../kube/api/pod.ts'
import { PODS } from '../../store/resources.ts'
import { notFound } from '../../store/store-failure.ts'
import type { AdmittedRequest } from '../admit-request.ts'
import type { RequestTarget } from '../request-target.ts'
import { chooseContainer } from '../choose-container.ts'
import { isSet } from '../number-parameter.ts'
import type { PodAttachOptions, PodExecOptions } from '../pod-streams.ts'
import type { ServerParts } from '../server-parts.ts'
import { methodNotAllowed } from '../status.ts'
import { parsePort } from './forward-port.ts'

export type StreamRequest =
  | { readonly is: 'exec'; readonly pod: Pod; readonly options: PodExecOptions }
  | { readonly is: 'attach'; readonly pod: Pod; readonly options: PodAttachOptions }
  /** Over SPDY the client names a port with each connection, and none here. */
  | { readonly is: 'portforward'; readonly pod: Pod; readonly ports: () => readonly number[] }
  | { readonly is: 'log'; readonly namespace: string | undefined; readonly name: string }

/** What may be asked for by an upgrade, with its methods. */
const STREAMS: Readonly<Record<string, readonly string[]>> = {
  exec: ['GET', 'POST'],
  attach: ['GET', 'POST'],
  portforward: ['GET', 'POST'],
  log: ['GET'],
}

/** @throws Failure BadRequest, NotFound, MethodNotAllowed, in the words of the API server */
export function parseStreamRequest(parts: ServerParts, { target, method, query }: AdmittedRequest): StreamRequest {
  const { namespace, name, subresource } = streamTarget(target, method)
  if (subresource === 'log') return { is: 'log', namespace, name }
  const pod = parts.store.get(PODS, { namespace, name })
  if (pod === undefined) throw notFound(PODS, name)
  if (subresource === 'portforward') {
    refuseWithoutNode(pod)
    return { is: 'portforward', pod, ports: () => portsOf(query) }
  }
  const container = chooseContainer(pod, query.get('container') ?? '')
  refuseWithoutNode(pod)
  const tty = isSet(query, 'tty')
  const options: PodAttachOptions = {
    container,
    tty,
    stdin: isSet(query, 'stdin'),
    stdout: isSet(query, 'stdout'),
    // A terminal has one output.
    stderr: isSet(query, 'stderr') && !tty,
  }
  if (!options.stdin && !options.stdout && !isSet(query, 'stderr')) {
    throw new Failure('BadRequest', 'you must specify at least 1 of stdin, stdout, stderr')
  }
  if (subresource === 'attach') return { is: 'attach', pod, options }
  const command = query.getAll('command')
  if (command.length === 0) {
    throw new Failure('BadRequest', 'you must specify at least one command for the container')
  }
  return { is: 'exec', pod, options: { ...options, command } }
}

function streamTarget(target: RequestTarget, method: string) {
  const { namespace, name, subresource } =
    target.is === 'object' ? target : { namespace: undefined, name: '', subresource: undefined }
  if (subresource === undefined || !(STREAMS[subresource] ?? []).includes(method)) throw methodNotAllowed()
  return { namespace, name, subresource }
}

function refuseWithoutNode(pod: Pod): void {
  if ((pod.spec.nodeName ?? '') !== '') return
  throw new Failure('BadRequest', `pod ${pod.metadata.name} does not have a host assigned`)
}

function portsOf(query: URLSearchParams): number[] {
  const texts = query.getAll('ports').flatMap((text) => text.split(','))
  if (texts.length === 0) throw new Failure('BadRequest', 'query parameter "ports" is required')
  return texts.map((text) => {
    const port = parsePort(text)
    if (port !== undefined) return port
    throw new Failure('BadRequest', `unable to parse ${JSON.stringify(text)} as a port: it must be from 1 to 65535`)
  })
}
