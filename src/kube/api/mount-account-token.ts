import type { Container, Pod, Volume } from './pod.ts'

const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'
const VOLUME_PREFIX = 'kube-api-access-'
/** A little more than an hour: by that, the API server tells these tokens from those that programs ask for. */
const TOKEN_SECONDS = 3607

export interface AccountVolume {
  /** What the pod's account says of it; the pod itself has the last word. */
  readonly automount: boolean | undefined
  /** Five random letters or digits. */
  readonly suffix: string
}

/**
 * A new pod with the volume by which the programs in it reach the API: a token of its account, the server's certificate
 * and the namespace, where client libraries look for them, in every container that has nothing else there.
 * Source: plugin/pkg/admission/serviceaccount.
 */
export function mountAccountToken(pod: Pod, { automount, suffix }: AccountVolume): Pod {
  const { spec } = pod
  if (!(spec.automountServiceAccountToken ?? automount ?? true)) return pod
  const present = (spec.volumes ?? []).find(({ name }) => name.startsWith(VOLUME_PREFIX))
  const name = present?.name ?? VOLUME_PREFIX + suffix
  const containers = spec.containers.map((container) => withMount(container, name))
  const initContainers = spec.initContainers?.map((container) => withMount(container, name))
  const isNeeded = [...containers, ...(initContainers ?? [])].some((container) => hasMountOf(container, name))
  const volumes = present === undefined && isNeeded ? [...(spec.volumes ?? []), accountVolume(name)] : spec.volumes
  return Object.freeze({
    ...pod,
    spec: Object.freeze({
      ...spec,
      containers,
      ...(initContainers === undefined ? {} : { initContainers }),
      ...(volumes === undefined ? {} : { volumes }),
    }),
  })
}

function withMount(container: Container, name: string): Container {
  const { volumeMounts = [] } = container
  if (volumeMounts.some(({ mountPath }) => mountPath === MOUNT_PATH)) return container
  return { ...container, volumeMounts: [...volumeMounts, { name, mountPath: MOUNT_PATH, readOnly: true }] }
}

function hasMountOf({ volumeMounts = [] }: Container, volume: string): boolean {
  return volumeMounts.some(({ name }) => name === volume)
}

function accountVolume(name: string): Volume {
  const fieldRef = { apiVersion: 'v1', fieldPath: 'metadata.namespace' }
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef }] } },
      ],
    },
  }
}
