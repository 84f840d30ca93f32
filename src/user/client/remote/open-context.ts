import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { Failure, messageOf } from '../../../failure.ts'
import type { OpenEndpoint, Way } from '../endpoint.ts'
import { kubeconfigFiles, readKubeconfig, type ClusterEntry, type Kubeconfig, type UserEntry } from './kubeconfig.ts'
import { pemOf, WhoAsks, type Identity } from './who-asks.ts'

/** Which cluster, as the command line and the environment name it. */
export interface ContextWish {
  /** A file; absent: $KUBECONFIG, else ~/.kube/config. */
  readonly kubeconfig: string | undefined
  /** Absent: the current one. */
  readonly context: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isInteractive: boolean
  readonly nowMs: () => number
}

export interface OpenContext {
  readonly name: string
  /** Of the context. */
  readonly namespace: string | undefined
  readonly endpoint: OpenEndpoint
}

/**
 * The way to the server of a kubeconfig's context. Nothing is sent yet.
 *
 * @throws Failure UsageError when the kubeconfig does not say enough, or something that is not supported.
 */
export async function openContext(wish: ContextWish): Promise<OpenContext> {
  const files = kubeconfigFiles(wish.kubeconfig, wish.env)
  const config = await readKubeconfig(files, wish.kubeconfig === undefined ? 'any' : 'all')
  const where = config.files.map((file) => JSON.stringify(file)).join(', ')
  const refuse = (why: string) => new Failure('UsageError', `use the kubeconfig ${where}: ${why}`)
  const { name, cluster, user, namespace } = chosen(config, wish.context, refuse)
  if (cluster['proxy-url']) throw refuse('proxy-url is not supported')
  if (user['auth-provider'] !== undefined) throw refuse('auth-provider is not supported; use exec, as kubectl does')
  let url: URL
  try {
    url = new URL(cluster.server ?? '')
  } catch (cause) {
    throw refuse(`server ${JSON.stringify(cluster.server ?? '')} is no URL: ${messageOf(cause)}`)
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse(`server ${url.href} is not http or https`)
  const authority = await pemOf(cluster, 'certificate-authority')
  const who = new WhoAsks(user, { user: `context ${JSON.stringify(name)}`, cluster, authority, ...wish })
  return {
    name,
    namespace: namespace === '' ? undefined : namespace,
    endpoint: openUrl(url, who, { cluster, authority }),
  }
}

function chosen(config: Kubeconfig, asked: string | undefined, refuse: (why: string) => Failure) {
  const name = asked ?? config.currentContext
  const known = [...config.contexts.keys()].join(', ')
  if (name === undefined) throw refuse(`it has no current-context; name one with --context (${known})`)
  const context = config.contexts.get(name)
  if (context === undefined) throw refuse(`it has no context ${JSON.stringify(name)}; there is ${known || 'none'}`)
  const cluster = config.clusters.get(context.cluster ?? '')
  if (cluster === undefined) throw refuse(`it has no cluster ${JSON.stringify(context.cluster ?? '')}`)
  const user: UserEntry | undefined = context.user ? config.users.get(context.user) : {}
  if (user === undefined) throw refuse(`it has no user ${JSON.stringify(context.user)}`)
  return { name, cluster, user, namespace: context.namespace }
}

function openUrl(
  url: URL,
  who: WhoAsks,
  { cluster, authority }: { readonly cluster: ClusterEntry; readonly authority: string | undefined },
): OpenEndpoint {
  const isTls = url.protocol === 'https:'
  const basePath = url.pathname.replace(/\/+$/, '')
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port)
  let made: { readonly identity: Identity; readonly way: Way } | undefined

  function wayFor(identity: Identity): Way {
    const common = { basePath, headers: { host: url.host, ...identity.headers } }
    if (!isTls) {
      const agent = new HttpAgent({ keepAlive: true })
      return { ...common, request: httpRequest, scheme: 'http', agent, options: { host, port } }
    }
    const tls = {
      ...(authority === undefined ? {} : { ca: authority }),
      ...(identity.certificate === undefined ? {} : { cert: identity.certificate, key: identity.key }),
      ...(cluster['tls-server-name'] ? { servername: cluster['tls-server-name'] } : {}),
      rejectUnauthorized: cluster['insecure-skip-tls-verify'] !== true,
    }
    const agent = new HttpsAgent({ keepAlive: true, ...tls })
    return { ...common, request: httpsRequest, scheme: 'https', agent, options: { host, port, ...tls } }
  }
  return {
    address: url.href.replace(/\/+$/, ''),
    async way() {
      const identity = await who.identity()
      if (made?.identity !== identity) {
        // Connections that are open were opened by somebody else; requests that use them go on to their end.
        const before = made?.way
        made = { identity, way: wayFor(identity) }
        if (before !== undefined) closeIdle(before)
      }
      return made.way
    },
    renew: () => who.renew(),
    close: () => made?.way.agent.destroy(),
  }
}

function closeIdle({ agent }: Way): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
}
