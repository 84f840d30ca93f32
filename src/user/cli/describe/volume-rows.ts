import type { Volume } from '../../../kube/api/pod.ts'
import { quantityToBytes } from '../../../kube/api/quantity.ts'
import { byName, row, type Rows } from './rows.ts'

/** The volumes of a pod as `kubectl describe pod` shows them. */
export function volumeRows(volumes: readonly Volume[]): Rows {
  if (volumes.length === 0) return [row(0, 'Volumes:', '<none>')]
  return [row(0, 'Volumes:'), ...volumes.flatMap((volume) => [row(1, `${volume.name}:`), ...sourceRows(volume)])]
}

function sourceRows(volume: Volume): Rows {
  const { hostPath, emptyDir, secret, configMap, projected, downwardAPI, persistentVolumeClaim, nfs, csi, image } =
    volume
  if (hostPath !== undefined) {
    const { path, type = '<none>' } = hostPath
    return source('HostPath (bare host directory volume)', { Path: path, HostPathType: type })
  }
  if (emptyDir !== undefined) {
    const { medium = '', sizeLimit } = emptyDir
    const limit = sizeLimit === undefined || quantityToBytes(sizeLimit) === 0 ? '<unset>' : sizeLimit
    return source("EmptyDir (a temporary directory that shares a pod's lifetime)", { Medium: medium, SizeLimit: limit })
  }
  if (secret !== undefined) {
    const { secretName = '', optional = false } = secret
    return source('Secret (a volume populated by a Secret)', { SecretName: secretName, Optional: optional })
  }
  if (configMap !== undefined) {
    const { name = '', optional = false } = configMap
    return source('ConfigMap (a volume populated by a ConfigMap)', { Name: name, Optional: optional })
  }
  if (projected !== undefined) {
    return [
      ...source('Projected (a volume that contains injected data from multiple sources)'),
      ...(projected.sources ?? []).flatMap(projectionRows),
    ]
  }
  if (downwardAPI !== undefined) return downwardRows(downwardAPI)
  if (persistentVolumeClaim !== undefined) {
    const { claimName, readOnly = false } = persistentVolumeClaim
    return source('PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)', {
      ClaimName: claimName,
      ReadOnly: readOnly,
    })
  }
  if (nfs !== undefined) {
    const { server, path, readOnly = false } = nfs
    return source('NFS (an NFS mount that lasts the lifetime of a pod)', {
      Server: server,
      Path: path,
      ReadOnly: readOnly,
    })
  }
  if (csi !== undefined) return csiRows(csi)
  if (image !== undefined) {
    const { reference = '', pullPolicy = '' } = image
    return source('Image (a container image or OCI artifact)', { Reference: reference, PullPolicy: pullPolicy })
  }
  // What only clusters have: its name in the spec has to do.
  return source(Object.keys(volume).find((key) => key !== 'name') ?? '<unknown>')
}

function source(type: string, facts: Readonly<Record<string, string | boolean>> = {}): Rows {
  return [row(2, 'Type:', type), ...Object.entries(facts).map(([name, value]) => row(2, `${name}:`, value))]
}

type Projection = NonNullable<NonNullable<Volume['projected']>['sources']>[number]

function projectionRows({ secret, configMap, downwardAPI, serviceAccountToken }: Projection): Rows {
  if (secret !== undefined) {
    return [row(2, 'SecretName:', secret.name ?? ''), row(2, 'Optional:', secret.optional ?? false)]
  }
  if (downwardAPI !== undefined) return [row(2, 'DownwardAPI:', true)]
  if (configMap !== undefined) {
    return [row(2, 'ConfigMapName:', configMap.name ?? ''), row(2, 'Optional:', configMap.optional ?? false)]
  }
  if (serviceAccountToken === undefined) return []
  return [row(2, 'TokenExpirationSeconds:', serviceAccountToken.expirationSeconds ?? 0)]
}

function downwardRows({ items = [] }: NonNullable<Volume['downwardAPI']>): Rows {
  return [
    ...source('DownwardAPI (a volume populated by information about the pod)'),
    row(2, 'Items:'),
    ...items.map(({ fieldRef, resourceFieldRef, path }) =>
      row(3, `${fieldRef?.fieldPath ?? resourceFieldRef?.resource ?? ''} -> ${path}`),
    ),
  ]
}

function csiRows({ driver, fsType = '', readOnly = false, volumeAttributes = {} }: NonNullable<Volume['csi']>): Rows {
  const attributes = Object.entries(volumeAttributes).toSorted(byName(([key]) => key))
  const [first = '<none>', ...others] = attributes.map(([key, value]) => `${key}=${value}`)
  return [
    ...source('CSI (a Container Storage Interface (CSI) volume source)', {
      Driver: driver,
      FSType: fsType,
      ReadOnly: readOnly,
    }),
    row(2, 'VolumeAttributes:', first),
    ...others.map((attribute) => row(2, '', attribute)),
  ]
}
