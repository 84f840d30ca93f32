import type {
  V1Container,
  V1ContainerState,
  V1ContainerStatus,
  V1ObjectMeta,
  V1PodCondition,
  V1PodSpec,
  V1PodStatus,
  V1Probe,
  V1Volume,
} from '@kubernetes/client-node'

/** A Kubernetes type as it stands in JSON: read-only, instants as RFC 3339 strings. */
export type Json<T> = T extends Date
  ? string
  : T extends (infer Item)[]
    ? readonly Json<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Json<T[Key]> }
      : T

type WithFacts<T, Facts> = Omit<T, keyof Facts> & Readonly<Facts>

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never'
export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never'

type ObjectMeta = WithFacts<Json<V1ObjectMeta>, { name: string; namespace: string; uid: string }>

/** A probe of a parsed Pod (P1). */
export type Probe = WithFacts<
  Json<V1Probe>,
  { timeoutSeconds: number; periodSeconds: number; successThreshold: number; failureThreshold: number }
>

/** A container of a parsed Pod: what Kubernetes' defaulting fills in is there. */
export type Container = WithFacts<
  Json<V1Container>,
  {
    name: string
    image: string
    imagePullPolicy: PullPolicy
    terminationMessagePath: string
    terminationMessagePolicy: 'File' | 'FallbackToLogsOnError'
    restartPolicy?: RestartPolicy
    startupProbe?: Probe
    livenessProbe?: Probe
    readinessProbe?: Probe
  }
>

/** A container that was added to a pod that was there already (C1). */
export type EphemeralContainer = Container & {
  /** Whose processes it sees; absent: its own alone, unless the pod shares them all. */
  readonly targetContainerName?: string
}

export type Volume = Json<V1Volume>

export type PodSpec = WithFacts<
  Json<V1PodSpec>,
  {
    containers: readonly Container[]
    initContainers?: readonly Container[]
    ephemeralContainers?: readonly EphemeralContainer[]
    restartPolicy: RestartPolicy
    terminationGracePeriodSeconds: number
    dnsPolicy: 'ClusterFirst' | 'ClusterFirstWithHostNet' | 'Default' | 'None'
    enableServiceLinks: boolean
  }
>

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'
export type ContainerStatus = Json<V1ContainerStatus>
export type ContainerStatusState = Json<V1ContainerState>
export type PodCondition = Json<V1PodCondition>
export type PodStatus = WithFacts<Json<V1PodStatus>, { phase?: PodPhase }>

/** A Pod as peapod keeps it: Kubernetes' JSON, validated, with Kubernetes' defaults filled in. */
export interface Pod {
  readonly apiVersion: 'v1'
  readonly kind: 'Pod'
  readonly metadata: ObjectMeta
  readonly spec: PodSpec
  readonly status?: PodStatus
}

/** An init container that stays: `restartPolicy: Always` in `initContainers` (KEP-753). */
export function isSidecar(initContainer: Container): boolean {
  return initContainer.restartPolicy === 'Always'
}

/**
 * What the pod was made with: init containers, sidecars among them, in the order in which they start; then the app
 * containers.
 */
export function allContainers(pod: Pod): readonly Container[] {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
}

/** All of a pod, the ephemeral containers last. */
export function everyContainer(pod: Pod): readonly EphemeralContainer[] {
  return [...allContainers(pod), ...(pod.spec.ephemeralContainers ?? [])]
}
