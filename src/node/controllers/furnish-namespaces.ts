import { rfc3339 } from '../../kube/api/rfc3339.ts'
import { Failure } from '../../failure.ts'
import { CONFIG_MAPS, NAMESPACES, SERVICE_ACCOUNTS } from '../store/resources.ts'
import type { KubeObject, Resource, Store } from '../store/store.ts'
import { followObjects } from './follow-objects.ts'

export interface FurnishingParts {
  readonly store: Store
  readonly nowMs: () => number
  readonly log: (line: string) => void
  /** The certificate of the server's authority, as PEM. */
  readonly authority: string
}

const ACCOUNT = 'default'
const ROOT_CERTIFICATE = 'kube-root-ca.crt'
const WHAT = 'furnish namespaces'

/**
 * Keeps in every namespace what pods expect there: the account that they have when they name none, and the certificate
 * by which they know the server. Ends when the signal aborts.
 */
export async function furnishNamespaces(parts: FurnishingParts, signal: AbortSignal): Promise<void> {
  const { store, log } = parts
  const furnish = async (name: string): Promise<void> => {
    const namespace = store.get(NAMESPACES, { name })
    if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return
    await Promise.all([makeAccount(parts, name), keepCertificate(parts, name)])
  }
  const again = async ({ metadata: { name, namespace = '' } }: KubeObject): Promise<void> => {
    if (name === ACCOUNT || name === ROOT_CERTIFICATE) await furnish(namespace)
  }
  const nothing = (): Promise<void> => Promise.resolve()
  await Promise.all([
    followObjects(store, NAMESPACES, {
      follower: { what: WHAT, log, see: ({ metadata }) => furnish(metadata.name ?? '') },
      signal,
    }),
    followObjects(store, SERVICE_ACCOUNTS, { follower: { what: WHAT, log, see: nothing, forget: again }, signal }),
    followObjects(store, CONFIG_MAPS, { follower: { what: WHAT, log, see: again, forget: again }, signal }),
  ])
}

async function makeAccount({ store, nowMs }: FurnishingParts, namespace: string): Promise<void> {
  if (store.get(SERVICE_ACCOUNTS, { namespace, name: ACCOUNT }) !== undefined) return
  await makeUnlessThere(store, SERVICE_ACCOUNTS, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: newMetadata(namespace, ACCOUNT, nowMs()),
  })
}

/** Whoever changed it gets it back: pods would trust another server. */
async function keepCertificate({ store, nowMs, authority }: FurnishingParts, namespace: string): Promise<void> {
  const data = { 'ca.crt': authority }
  const there = store.get(CONFIG_MAPS, { namespace, name: ROOT_CERTIFICATE })
  if (there === undefined) {
    await makeUnlessThere(store, CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        ...newMetadata(namespace, ROOT_CERTIFICATE, nowMs()),
        annotations: {
          'kubernetes.io/description':
            'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc.',
        },
      },
      data,
    })
  } else if (there.data?.['ca.crt'] !== authority) {
    await store.modify(CONFIG_MAPS, { namespace, name: ROOT_CERTIFICATE }, (now) => ({ ...now, data }))
  }
}

async function makeUnlessThere<T extends KubeObject>(store: Store, resource: Resource<T>, object: T): Promise<void> {
  try {
    await store.create(resource, object)
  } catch (error) {
    if (!(error instanceof Failure && error.reason === 'AlreadyExists')) throw error
  }
}

function newMetadata(namespace: string, name: string, nowMs: number): KubeObject['metadata'] {
  const creationTimestamp = rfc3339(nowMs)
  return { namespace, name, uid: crypto.randomUUID(), creationTimestamp }
}
