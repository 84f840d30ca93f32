import type {
  V1DownwardAPIVolumeFile,
  V1Pod,
  V1PodSpec,
  V1ProjectedVolumeSource,
  V1Volume,
} from '@kubernetes/client-node'
import { fillContainer, orDefault, pullPolicyOf } from './container-defaults.ts'
import type { Draft } from './rules/finding.ts'

const FILE_MODE = 0o644

/** A Pod with what the API server's defaulting fills in; admission (service account, tolerations …) is not part of it. */
export function fillPodDefaults(pod: Draft<V1Pod>): Draft<V1Pod> {
  const { metadata = {}, spec = {} } = pod
  return {
    ...pod,
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, namespace: orDefault(metadata.namespace, 'default') },
    spec: fillSpec(spec),
  }
}

function fillSpec(spec: Draft<V1PodSpec>): Draft<V1PodSpec> {
  const hostNetwork = spec.hostNetwork === true
  const { volumes, initContainers, ephemeralContainers, serviceAccountName, serviceAccount } = spec
  const account = orDefault(serviceAccountName, serviceAccount ?? '')
  return {
    ...spec,
    ...(volumes === undefined ? {} : { volumes: volumes.map(fillVolume) }),
    ...(initContainers === undefined
      ? {}
      : { initContainers: initContainers.map((container) => fillContainer(container, hostNetwork)) }),
    containers: (spec.containers ?? []).map((container) => fillContainer(container, hostNetwork)),
    ...(ephemeralContainers === undefined
      ? {}
      : { ephemeralContainers: ephemeralContainers.map((container) => fillContainer(container, hostNetwork)) }),
    restartPolicy: orDefault(spec.restartPolicy, 'Always'),
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? 30,
    dnsPolicy: orDefault(spec.dnsPolicy, 'ClusterFirst'),
    // One field under two names: the older one follows.
    ...(account === '' ? {} : { serviceAccountName: account, serviceAccount: account }),
    securityContext: spec.securityContext ?? {},
    schedulerName: orDefault(spec.schedulerName, 'default-scheduler'),
    enableServiceLinks: spec.enableServiceLinks ?? true,
  }
}

function fillVolume(volume: Draft<V1Volume>): Draft<V1Volume> {
  const { name, ...sources } = volume
  const hasSource = Object.values(sources).some((source) => source !== undefined)
  if (!hasSource) return { ...(name === undefined ? {} : { name }), emptyDir: {} }
  const { hostPath, secret, configMap, downwardAPI, projected, image } = sources
  return {
    ...volume,
    ...(hostPath === undefined ? {} : { hostPath: { ...hostPath, type: hostPath.type ?? '' } }),
    ...(secret === undefined ? {} : { secret: { ...secret, defaultMode: secret.defaultMode ?? FILE_MODE } }),
    ...(configMap === undefined
      ? {}
      : { configMap: { ...configMap, defaultMode: configMap.defaultMode ?? FILE_MODE } }),
    ...(downwardAPI === undefined
      ? {}
      : {
          downwardAPI: {
            ...downwardAPI,
            ...(downwardAPI.items === undefined ? {} : { items: downwardAPI.items.map(fillDownwardFile) }),
            defaultMode: downwardAPI.defaultMode ?? FILE_MODE,
          },
        }),
    ...(projected === undefined ? {} : { projected: fillProjected(projected) }),
    ...(image === undefined
      ? {}
      : { image: { ...image, pullPolicy: orDefault(image.pullPolicy, pullPolicyOf(image.reference ?? '')) } }),
  }
}

function fillProjected(projected: Draft<V1ProjectedVolumeSource>): Draft<V1ProjectedVolumeSource> {
  const sources = (projected.sources ?? []).map((source) => {
    const { serviceAccountToken, downwardAPI } = source
    return {
      ...source,
      ...(serviceAccountToken === undefined
        ? {}
        : {
            serviceAccountToken: {
              ...serviceAccountToken,
              expirationSeconds: serviceAccountToken.expirationSeconds ?? 3600,
            },
          }),
      ...(downwardAPI?.items === undefined
        ? {}
        : { downwardAPI: { ...downwardAPI, items: downwardAPI.items.map(fillDownwardFile) } }),
    }
  })
  return { ...projected, sources, defaultMode: projected.defaultMode ?? FILE_MODE }
}

function fillDownwardFile(file: Draft<V1DownwardAPIVolumeFile>): Draft<V1DownwardAPIVolumeFile> {
  if (file.fieldRef === undefined) return file
  return { ...file, fieldRef: { ...file.fieldRef, apiVersion: orDefault(file.fieldRef.apiVersion, 'v1') } }
}
