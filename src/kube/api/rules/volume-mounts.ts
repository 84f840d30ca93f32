import type { V1VolumeDevice, V1VolumeMount } from '@kubernetes/client-node'
import type { Draft, Finding } from './finding.ts'
import { forbidden, invalid, isEmpty, notFound, notSupported, required } from './finding.ts'
import { checkDescendingPath } from './paths.ts'

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None']
const RECURSIVE_READ_ONLY = ['Disabled', 'Enabled', 'IfPossible']

/** @param volumes names of the pod's volumes. */
export function checkVolumeMounts(
  mounts: readonly Draft<V1VolumeMount>[],
  field: string,
  pod: { readonly volumes: ReadonlySet<string>; readonly privileged: boolean },
): Finding[] {
  const paths = new Set<string>()
  return mounts.flatMap((mount, index) => {
    const at = `${field}[${index}]`
    const isRepeated = mount.mountPath !== undefined && paths.has(mount.mountPath)
    paths.add(mount.mountPath ?? '')
    return [
      ...checkVolumeName(mount.name, pod.volumes, `${at}.name`),
      ...(isEmpty(mount.mountPath) ? [required(`${at}.mountPath`)] : []),
      ...(isRepeated ? [invalid(`${at}.mountPath`, mount.mountPath, 'must be unique')] : []),
      ...checkSubPaths(mount, field, at),
      ...checkPropagation(mount, at, pod.privileged),
    ]
  })
}

export function checkVolumeDevices(
  devices: readonly Draft<V1VolumeDevice>[],
  field: string,
  volumes: ReadonlySet<string>,
): Finding[] {
  const paths = new Set<string>()
  return devices.flatMap((device, index) => {
    const at = `${field}[${index}]`
    const isRepeated = device.devicePath !== undefined && paths.has(device.devicePath)
    paths.add(device.devicePath ?? '')
    return [
      ...checkVolumeName(device.name, volumes, `${at}.name`),
      ...(isEmpty(device.devicePath) ? [required(`${at}.devicePath`)] : []),
      ...(isRepeated ? [invalid(`${at}.devicePath`, device.devicePath, 'must be unique')] : []),
    ]
  })
}

function checkVolumeName(name: string | undefined, volumes: ReadonlySet<string>, field: string): Finding[] {
  if (isEmpty(name)) return [required(field)]
  return volumes.has(name) ? [] : [notFound(field, name)]
}

// Kubernetes leaves the index out of the path of a bad subPath.
function checkSubPaths({ subPath, subPathExpr }: Draft<V1VolumeMount>, field: string, at: string): Finding[] {
  const found = isEmpty(subPath) ? [] : checkDescendingPath(subPath, `${field}.subPath`)
  const located = found.map((finding) => ({ ...finding, place: `${at}.subPath` }))
  if (isEmpty(subPathExpr)) return located
  return [
    ...located,
    ...(isEmpty(subPath)
      ? []
      : [invalid(`${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive')]),
    ...checkDescendingPath(subPathExpr, `${field}.subPathExpr`).map((finding) => ({
      ...finding,
      place: `${at}.subPathExpr`,
    })),
  ]
}

function checkPropagation(mount: Draft<V1VolumeMount>, at: string, privileged: boolean): Finding[] {
  const { mountPropagation, recursiveReadOnly, readOnly } = mount
  const found: Finding[] = []
  if (mountPropagation !== undefined && !PROPAGATIONS.includes(mountPropagation)) {
    found.push(notSupported(`${at}.mountPropagation`, mountPropagation, PROPAGATIONS))
  }
  if (mountPropagation === 'Bidirectional' && !privileged) {
    found.push(
      forbidden(`${at}.mountPropagation`, 'Bidirectional mount propagation is available only to privileged containers'),
    )
  }
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return found
  const field = `${at}.recursiveReadOnly`
  if (!RECURSIVE_READ_ONLY.includes(recursiveReadOnly))
    return [...found, notSupported(field, recursiveReadOnly, RECURSIVE_READ_ONLY)]
  if (readOnly !== true) found.push(forbidden(field, 'may only be specified when readOnly is true'))
  if (mountPropagation !== undefined && mountPropagation !== 'None') {
    found.push(forbidden(field, 'may only be specified when mountPropagation is None or not specified'))
  }
  return found
}
