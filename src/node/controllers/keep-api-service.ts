import { rfc3339 } from '../../kube/api/rfc3339.ts'
import { Failure } from '../../failure.ts'
import { ENDPOINT_SLICES, ENDPOINTS, SERVICES } from '../store/resources.ts'
import type { KubeObject, ObjectKey, Resource, Store } from '../store/store.ts'
import { followObjects } from './follow-objects.ts'

export interface ApiServiceParts {
  readonly store: Store
  readonly nowMs: () => number
  readonly log: (line: string) => void
  /** Where pods reach the server. */
  readonly address: string
  readonly port: number
}

const KEY = { namespace: 'default', name: 'kubernetes' }
/** The first address of the Services' range is the API's own. */
const CLUSTER_IP = '10.96.0.1'
const LABELS = { component: 'apiserver', provider: 'kubernetes' }

/** Keeps the Service by which programs in pods know the API, and where it leads, until the signal aborts. */
export async function keepApiService(parts: ApiServiceParts, signal: AbortSignal): Promise<void> {
  const { store, log } = parts
  const keep = async (): Promise<void> => {
    await Promise.all([
      put(parts, SERVICES, SERVICE),
      put(parts, ENDPOINTS, endpointsOf(parts)),
      put(parts, ENDPOINT_SLICES, sliceOf(parts)),
    ])
  }
  await keep()
  const follower = {
    what: 'keep the Service of the API',
    log,
    see: (): Promise<void> => Promise.resolve(),
    forget: ({ metadata }: KubeObject): Promise<void> =>
      metadata.name === KEY.name && metadata.namespace === KEY.namespace ? keep() : Promise.resolve(),
  }
  await followObjects(store, SERVICES, { follower, signal })
}

const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { ...KEY, labels: LABELS },
  spec: {
    type: 'ClusterIP',
    clusterIP: CLUSTER_IP,
    clusterIPs: [CLUSTER_IP],
    internalTrafficPolicy: 'Cluster',
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    sessionAffinity: 'None',
    ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: 443 }],
  },
  status: { loadBalancer: {} },
} as const

function endpointsOf({ address, port }: ApiServiceParts) {
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { ...KEY, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: [{ ip: address }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
  }
}

function sliceOf({ address, port }: ApiServiceParts) {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...KEY, labels: { 'kubernetes.io/service-name': KEY.name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  }
}

/** Makes the object, or gives the one that is there the parts that are known here. */
async function put<T extends KubeObject>(
  { store, nowMs }: ApiServiceParts,
  resource: Resource<T>,
  wanted: NoInfer<T>,
): Promise<void> {
  const key: ObjectKey = KEY
  const creationTimestamp = rfc3339(nowMs())
  const metadata = { ...wanted.metadata, uid: crypto.randomUUID(), creationTimestamp }
  try {
    if (store.get(resource, key) === undefined) await store.create(resource, { ...wanted, metadata })
    else await store.modify(resource, key, (current) => ({ ...current, ...wanted, metadata: current.metadata }))
  } catch (error) {
    // Made or removed meanwhile: the next change tells.
    if (!(error instanceof Failure && ['AlreadyExists', 'NotFound'].includes(error.reason))) throw error
  }
}
