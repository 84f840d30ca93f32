import type { Duplex } from 'node:stream'
import { connect } from 'node:tls'
import { Failure, messageOf } from '../../../failure.ts'
import type { Pod } from '../../../kube/api/pod.ts'
import { PODS } from '../../store/resources.ts'
import { notFound } from '../../store/store-failure.ts'
import type { ServerParts } from '../server-parts.ts'
import { parsePort } from '../streams/forward-port.ts'

/** Which server of a pod. */
export interface ProxyTarget {
  readonly pod: Pod
  readonly scheme: 'http' | 'https'
  readonly port: number
}

const DEFAULT_PORTS = { http: 80, https: 443 } as const

/**
 * Reads `NAME`, `NAME:PORT` or `SCHEME:NAME:PORT`, where the port may be one of the pod's port names. Without a port it is
 * the first one that a container declares.
 *
 * @throws Failure BadRequest, NotFound
 */
export function parseProxyTarget(
  { store }: Pick<ServerParts, 'store'>,
  { namespace, name: id }: { readonly namespace: string | undefined; readonly name: string },
): ProxyTarget {
  const words = id.split(':')
  const [scheme = '', name = '', port = ''] = words.length === 3 ? words : ['', ...words]
  const isScheme = scheme === '' || scheme === 'http' || scheme === 'https'
  if (words.length > 3 || name === '' || !isScheme) throw invalidId(id)
  const pod = store.get(PODS, { namespace, name })
  if (pod === undefined) throw notFound(PODS, name)
  const over = scheme === '' ? 'http' : scheme
  const number = port === '' ? (firstPort(pod) ?? DEFAULT_PORTS[over]) : (parsePort(port) ?? namedPort(pod, port))
  if (number === undefined) throw invalidId(id)
  return { pod, scheme: over, port: number }
}

/**
 * A connection to the pod's own address. A pod's certificate is not looked at: nobody could have told whose it is.
 *
 * @throws Failure BadRequest when the pod has no address, ServiceUnavailable when nobody answers there
 */
export async function dialPod({ streams }: Pick<ServerParts, 'streams'>, target: ProxyTarget): Promise<Duplex> {
  const dial = await streams.proxy(target.pod)
  try {
    const connection = await dial(target.port)
    return target.scheme === 'https' ? await secured(connection) : connection
  } catch (error) {
    throw new Failure('ServiceUnavailable', `error trying to reach service: ${messageOf(error)}`, { cause: error })
  }
}

function secured(socket: Duplex): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const secure = connect({ socket, rejectUnauthorized: false }, () => resolve(secure))
    secure.once('error', reject)
  })
}

function firstPort({ spec }: Pod): number | undefined {
  return spec.containers.find(({ ports = [] }) => ports.length > 0)?.ports?.[0]?.containerPort
}

function namedPort({ spec }: Pod, name: string): number | undefined {
  return spec.containers.flatMap(({ ports = [] }) => ports).find((port) => port.name === name)?.containerPort
}

function invalidId(id: string): Failure {
  return new Failure('BadRequest', `invalid pod request ${JSON.stringify(id)}`)
}
