import { rfc3339 } from './rfc3339.ts'
import type { PodManifest } from './parse-pod.ts'
import type { Pod, PodSpec } from './pod.ts'
import { qosClass } from './qos-class.ts'

/** What admission needs and cannot know. */
export interface Admission {
  readonly uid: string
  readonly nowMs: number
  /** Five random letters or digits that complete a generateName. */
  readonly nameSuffix: string
}

/** Fields of metadata that only the server fills in. */
const SERVER_FIELDS: readonly (keyof PodManifest['metadata'])[] = [
  'resourceVersion',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
]
const LONGEST_NAME = 63
const TOLERATION_SECONDS = 300
const NODE_CONDITIONS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']

/**
 * A Pod as the API server stores it first: identity, times, and what its admission plugins add. What a manifest says of
 * these itself (uid, creationTimestamp, status …) is the server's to say, as in Kubernetes.
 */
export function admitPod(manifest: PodManifest, { uid, nowMs, nameSuffix }: Admission): Pod {
  const { generateName = '', name: givenName = '' } = manifest.metadata
  const name = givenName === '' ? generateName.slice(0, LONGEST_NAME - nameSuffix.length) + nameSuffix : givenName
  const creationTimestamp = rfc3339(nowMs)
  return Object.freeze({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: Object.freeze({
      ...withoutServerFields(manifest.metadata),
      name,
      uid,
      creationTimestamp,
      generation: 1,
    }),
    spec: Object.freeze(admitSpec(manifest.spec)),
    status: Object.freeze({ phase: 'Pending', qosClass: qosClass(manifest) }),
  })
}

function withoutServerFields(metadata: PodManifest['metadata']): PodManifest['metadata'] {
  const kept = { ...metadata }
  for (const field of SERVER_FIELDS) Reflect.deleteProperty(kept, field)
  return kept
}

function admitSpec(spec: PodSpec): PodSpec {
  const account = spec.serviceAccountName ?? 'default'
  return {
    ...spec,
    serviceAccountName: account,
    serviceAccount: account,
    tolerations: withDefaultTolerations(spec),
    priority: spec.priority ?? 0,
    preemptionPolicy: spec.preemptionPolicy ?? 'PreemptLowerPriority',
  }
}

/** The pod's tolerations and those that every pod has: of a node that is lost for a while. Holds for updates too. */
export function withDefaultTolerations(spec: PodSpec): NonNullable<PodSpec['tolerations']> {
  return Object.freeze([...(spec.tolerations ?? []), ...defaultTolerations(spec)])
}

function defaultTolerations(spec: PodSpec): NonNullable<PodSpec['tolerations']> {
  const tolerated = (spec.tolerations ?? []).filter(({ effect = '' }) => effect === '' || effect === 'NoExecute')
  return NODE_CONDITIONS.filter((condition) => !tolerated.some(({ key = '' }) => key === '' || key === condition)).map(
    (key) => Object.freeze({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: TOLERATION_SECONDS }),
  )
}
