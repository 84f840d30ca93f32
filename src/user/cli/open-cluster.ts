import { Failure } from '../../failure.ts'
import { openEndpoint, type OpenEndpoint } from '../client/endpoint.ts'
import { openClient, type ApiClient } from '../client/open-client.ts'
import type { Invocation } from './command.ts'
import { hasColours, writeText } from './output.ts'
import { stylist } from './style.ts'

/** The Kubernetes API that a command speaks to, as its flags say. */
export interface Cluster extends Disposable {
  readonly client: ApiClient
  /** The same connections, for streams. */
  readonly endpoint: OpenEndpoint
  /** For objects that name none. */
  readonly namespace: string
}

/**
 * The server that runs on the state directory or, with `--context` or `--kubeconfig`, any other one. The command declares
 * CLUSTER_FLAGS.
 *
 * @throws Failure NotFound when no server runs; UsageError for a kubeconfig that does not say how to get to one.
 */
export async function openCluster({ flags, environment }: Pick<Invocation, 'flags' | 'environment'>): Promise<Cluster> {
  const [context, kubeconfig, namespace] = [flags.text('context'), flags.text('kubeconfig'), flags.text('namespace')]
  const isElsewhere = context !== undefined || kubeconfig !== undefined
  const { endpoint, namespace: usual } = isElsewhere
    ? await openElsewhere({ context, kubeconfig }, environment)
    : { endpoint: await openHere({ flags, environment }), namespace: undefined }
  const style = stylist(hasColours(environment.stderr, environment.env))
  const told = new Set<string>()
  endpoint.onWarning = (sentence) => {
    // The same for every object of a kind, say.
    if (told.has(sentence)) return
    told.add(sentence)
    void writeText(environment.stderr, `${style('yellow', 'Warning:')} ${sentence}\n`).catch(() => undefined)
  }
  const client = openClient(endpoint)
  return {
    client,
    endpoint,
    namespace: namespace ?? usual ?? 'default',
    [Symbol.dispose]: () => client.close(),
  }
}

async function openElsewhere(
  wish: { readonly context: string | undefined; readonly kubeconfig: string | undefined },
  { env, nowMs, stdin }: Invocation['environment'],
) {
  const { openContext } = await import('../client/remote/open-context.ts')
  return openContext({ ...wish, env, nowMs, isInteractive: stdin.isTTY === true })
}

async function openHere({ flags, environment }: Pick<Invocation, 'flags' | 'environment'>): Promise<OpenEndpoint> {
  const stateDirectory = flags.stateDirectory(environment.env)
  const found = await environment.machine.findServer({ stateDirectory })
  if (found !== undefined) return openEndpoint(found)
  throw new Failure(
    'NotFound',
    `no server runs on ${JSON.stringify(stateDirectory)}; start "peapod serve" first, or name another cluster with --context`,
  )
}
