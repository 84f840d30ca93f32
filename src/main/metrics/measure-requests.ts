import type { AccessAttributes } from '../../kube/api/rbac/access-attributes.ts'
import type { RequestMeter, RequestMetrics } from '../../node/server/request-metrics.ts'
import type { Labels, MetricsRegistry } from './metrics-registry.ts'

/** Finer at its low end than Kubernetes': most answers here take less than its first five milliseconds. */
const BOUNDS_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** Kubernetes' metrics speak of HTTP's methods, and have words of their own where those are not enough. */
const VERBS: Readonly<Record<string, string>> = {
  get: 'GET',
  list: 'LIST',
  watch: 'WATCH',
  create: 'POST',
  post: 'POST',
  update: 'PUT',
  put: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETECOLLECTION',
}
const CONNECTING = ['attach', 'exec', 'portforward', 'proxy']
/** Requests that last as long as their clients wish. */
const LONG_RUNNING = [...CONNECTING, 'log']
/** Of paths beside the objects only their first part is told, and only of those that there are. */
const PATHS = ['api', 'apis', 'healthz', 'livez', 'metrics', 'openapi', 'openid', 'readyz', 'version', '.well-known']

const ABOUT = ['verb', 'group', 'version', 'resource', 'subresource'] as const
type About = Labels<(typeof ABOUT)[number]>

const NOT_UNDERSTOOD: About = { verb: 'other', group: '', version: '', resource: '', subresource: '' }

export function measureRequests(registry: MetricsRegistry): RequestMetrics {
  const total = registry.counter({
    name: 'apiserver_request_total',
    help: 'Requests that were answered, by what they asked for and the HTTP code of the answer. Long-running ones are counted when they end.',
    labels: [...ABOUT, 'code'],
  })
  const duration = registry.histogram(
    {
      name: 'apiserver_request_duration_seconds',
      help: 'From the head of a request to the end of its answer, without long-running requests.',
      labels: ABOUT,
    },
    BOUNDS_SECONDS,
  )
  const inFlight = registry.gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Requests that are being answered, without long-running ones. What changes something is mutating.',
    labels: ['request_kind'],
  })
  const longRunning = registry.gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Watches, logs, execs, attaches and port-forwards that are open.',
    labels: ABOUT,
  })
  for (const kind of ['mutating', 'readOnly']) inFlight.add({ request_kind: kind }, 0)

  function arrived(): RequestMeter {
    const arrivedAtMs = performance.now()
    let about = NOT_UNDERSTOOD
    let isLong = false
    let forget = (): void => undefined
    return {
      asks(wanted) {
        about = aboutOf(wanted)
        isLong = about.verb === 'WATCH' || LONG_RUNNING.includes(about.subresource)
        if (isLong) {
          longRunning.add(about)
          forget = () => longRunning.add(about, -1)
        } else {
          const kind = { request_kind: ['GET', 'LIST'].includes(about.verb) ? 'readOnly' : 'mutating' }
          inFlight.add(kind)
          forget = () => inFlight.add(kind, -1)
        }
      },
      ended(code) {
        forget()
        total.add({ ...about, code: String(code) })
        if (!isLong) duration.observe(about, (performance.now() - arrivedAtMs) / 1000)
      },
    }
  }

  return { arrived, text: () => registry.text() }
}

function aboutOf(wanted: AccessAttributes): About {
  if ('path' in wanted) {
    const [, first = ''] = wanted.path.split('/')
    return { ...NOT_UNDERSTOOD, verb: verbOf(wanted.verb), subresource: PATHS.includes(first) ? `/${first}` : '' }
  }
  const { verb, group, version = '', resource, subresource } = wanted
  return { verb: CONNECTING.includes(subresource) ? 'CONNECT' : verbOf(verb), group, version, resource, subresource }
}

function verbOf(verb: string): string {
  return VERBS[verb] ?? 'other'
}
