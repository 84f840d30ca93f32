import type { V1NodeSelectorTerm } from '@kubernetes/client-node'
import type { Container, Json, Pod, PodSpec } from '../pod.ts'
import { parseQuantity } from '../quantity.ts'

/**
 * What is valid in a new Pod and yet hardly meant, in the words of the API server, for its Warning headers (C5).
 * Source: pkg/api/pod/warnings.go, pkg/api/node/util.go.
 */
export function podWarnings({ metadata, spec }: Pod): readonly string[] {
  const containers = placesOf(spec)
  return [
    ...labelWarnings(spec),
    ...annotationWarnings(metadata.annotations ?? {}, spec),
    ...duplicates(spec.hostAliases ?? [], ({ ip }) => ip).map(
      ([index, ip]) => `spec.hostAliases[${index}].ip: duplicate ip ${JSON.stringify(ip)}`,
    ),
    ...tokenPathWarnings(spec),
    ...pullSecretWarnings(spec),
    ...containers.flatMap(resourceWarnings),
    ...containers.flatMap(environmentWarnings),
    ...portWarnings(containers),
    ...(spec.terminationGracePeriodSeconds < 0
      ? ['spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1']
      : []),
  ]
}

interface Place {
  readonly path: string
  readonly container: Container
}

function placesOf({ initContainers = [], containers }: PodSpec): readonly Place[] {
  const placed = (list: readonly Container[], field: string): Place[] =>
    list.map((container, index) => ({ path: `spec.${field}[${index}]`, container }))
  return [...placed(initContainers, 'initContainers'), ...placed(containers, 'containers')]
}

const TOPOLOGY = 'deprecated since v1.17; use'
const OLD_LABELS: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'beta.kubernetes.io/instance-type': `${TOPOLOGY} "node.kubernetes.io/instance-type" instead`,
  'failure-domain.beta.kubernetes.io/region': `${TOPOLOGY} "topology.kubernetes.io/region" instead`,
  'failure-domain.beta.kubernetes.io/zone': `${TOPOLOGY} "topology.kubernetes.io/zone" instead`,
}

function labelWarnings({ nodeSelector = {}, affinity, topologySpreadConstraints = [] }: PodSpec): string[] {
  const rule = 'DuringSchedulingIgnoredDuringExecution'
  const node = affinity?.nodeAffinity
  const required = node?.[`required${rule}`]?.nodeSelectorTerms ?? []
  const preferred = (node?.[`preferred${rule}`] ?? []).map(({ preference }) => preference)
  const keysOf = (path: string, { matchExpressions = [] }: Json<V1NodeSelectorTerm>): [string, string][] =>
    matchExpressions.map(({ key }, index) => [`${path}.matchExpressions[${index}].key`, key])
  const named: readonly (readonly [field: string, key: string])[] = [
    ...required.flatMap((term, index) =>
      keysOf(`spec.affinity.nodeAffinity.required${rule}.nodeSelectorTerms[${index}]`, term),
    ),
    ...preferred.flatMap((term, index) =>
      keysOf(`spec.affinity.nodeAffinity.preferred${rule}[${index}].preference`, term),
    ),
    ...topologySpreadConstraints.map(
      ({ topologyKey }, index) => [`spec.topologySpreadConstraints[${index}].topologyKey`, topologyKey] as const,
    ),
  ]
  return [
    ...Object.keys(nodeSelector).flatMap((key) => warn(`spec.nodeSelector[${key}]`, OLD_LABELS[key])),
    ...named.flatMap(([field, key]) =>
      warn(field, OLD_LABELS[key] === undefined ? undefined : `${key} is ${OLD_LABELS[key]}`),
    ),
    ...topologySpreadConstraints.flatMap(({ labelSelector }, index) =>
      labelSelector === undefined
        ? [`spec.topologySpreadConstraints[${index}].labelSelector: a null labelSelector results in matching no pod`]
        : [],
    ),
  ]
}

function warn(field: string, why: string | undefined): string[] {
  return why === undefined ? [] : [`${field}: ${why}`]
}

const OLD_ANNOTATIONS: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
}
const SECCOMP = 'non-functional in v1.27+; use the "seccompProfile" field instead'
const APPARMOR = 'deprecated since v1.30; use the "appArmorProfile" field instead'

/** An annotation that a field took the place of is no worry beside that field. */
function annotationWarnings(annotations: Readonly<Record<string, string>>, spec: PodSpec): string[] {
  const about = (key: string, why: string, isSet = false): string[] =>
    key in annotations && !isSet ? [`metadata.annotations[${key}]: ${why}`] : []
  const { securityContext: ofPod } = spec
  return [
    ...Object.entries(OLD_ANNOTATIONS).flatMap(([key, why]) => about(key, why)),
    ...about('seccomp.security.alpha.kubernetes.io/pod', SECCOMP, ofPod?.seccompProfile !== undefined),
    ...placesOf(spec).flatMap(({ container: { name, securityContext: own } }) => [
      ...about(`container.seccomp.security.alpha.kubernetes.io/${name}`, SECCOMP, own?.seccompProfile !== undefined),
      ...about(
        `container.apparmor.security.beta.kubernetes.io/${name}`,
        APPARMOR,
        ofPod?.appArmorProfile !== undefined || own?.appArmorProfile !== undefined,
      ),
    ]),
  ]
}

/** What would lie where a projected token lies. */
function tokenPathWarnings({ volumes = [] }: PodSpec): string[] {
  const sources = volumes.flatMap(({ projected }, index) =>
    (projected?.sources ?? []).map((source) => ({ source, field: `spec.volumes[${index}].projected.sources` })),
  )
  const tokens = sources.flatMap(({ source: { serviceAccountToken } }) => serviceAccountToken?.path ?? [])
  return sources.flatMap(({ source: { configMap, secret, downwardAPI }, field }) =>
    Object.entries({ configMap, secrets: secret, downwardAPI }).flatMap(([kind, source]) =>
      (source?.items ?? []).flatMap(({ path }, index) =>
        tokens.includes(path)
          ? [`${field}.${kind}[${index}]: has duplicated path with ServiceAccountToken ${JSON.stringify(path)}`]
          : [],
      ),
    ),
  )
}

function pullSecretWarnings({ imagePullSecrets = [] }: PodSpec): string[] {
  return duplicates(imagePullSecrets, ({ name = '' }) => name).map(
    ([index, name]) => `spec.imagePullSecrets[${index}].name: duplicate name ${JSON.stringify(name)}`,
  )
}

function resourceWarnings({ path, container }: Place): string[] {
  return (['limits', 'requests'] as const).flatMap((side) =>
    ['memory', 'ephemeral-storage'].flatMap((resource) => {
      const amount = container.resources?.[side]?.[resource]
      if (amount === undefined || (parseQuantity(amount)?.nanos ?? 0n) % 1_000_000_000n === 0n) return []
      const field = `${path}.resources.${side}[${resource}]`
      return [`${field}: fractional byte value ${JSON.stringify(amount)} is invalid, must be an integer`]
    }),
  )
}

/** A later value of a name may build on an earlier one; anything else hides it. */
function environmentWarnings({ path, container: { env = [] } }: Place): string[] {
  return duplicates(env, ({ name }) => name).flatMap(([index, name]) => {
    const { value = '' } = env[index] ?? {}
    const reference = `$(${name})`
    if (value !== reference && value.includes(reference)) return []
    return [
      `${path}.env[${index}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
    ]
  })
}

type Port = NonNullable<Container['ports']>[number]

function portWarnings(containers: readonly Place[]): string[] {
  const ports = containers.flatMap(({ path, container: { ports: list = [] } }) =>
    list.map((port, index) => ({ field: `${path}.ports[${index}]`, port })),
  )
  return ports.flatMap(({ field, port }, at) => {
    const before = ports.slice(0, at)
    const namesake = before.find(({ port: other }) => port.name !== undefined && other.name === port.name)?.field
    const isLoose = (port.hostIP ?? '') !== '' && (port.hostPort ?? 0) === 0
    return [
      ...(isLoose ? [`${field}: hostIP set without hostPort: ${JSON.stringify(port)}`] : []),
      ...before
        .filter(({ port: other }) => isSamePort(port, other))
        .flatMap(({ field: otherField, port: other }) => {
          const relation = relationOf(port, other)
          return relation === undefined ? [] : [`${field}: ${relation} port definition with ${otherField}`]
        }),
      ...(namesake === undefined || sameContainer(field, namesake)
        ? []
        : [
            `${field}.name: duplicate port name ${JSON.stringify(port.name)} with ${namesake}.name, ` +
              `services and probes that select ports by name will use ${namesake}.name`,
          ]),
    ]
  })
}

function isSamePort(one: Port, other: Port): boolean {
  return one.containerPort === other.containerPort && (one.protocol ?? 'TCP') === (other.protocol ?? 'TCP')
}

function relationOf(one: Port, other: Port): 'duplicate' | 'overlapping' | 'dangerously ambiguous' | undefined {
  const { hostIP: ip = '', hostPort = 0 } = one
  const { hostIP: otherIp = '', hostPort: otherHostPort = 0 } = other
  if (ip === otherIp && hostPort === otherHostPort) return 'duplicate'
  if (hostPort === 0 || otherHostPort === 0) return 'overlapping'
  return hostPort === otherHostPort && (ip === '') !== (otherIp === '') ? 'dangerously ambiguous' : undefined
}

function sameContainer(one: string, other: string): boolean {
  return one.split('.ports')[0] === other.split('.ports')[0]
}

/** The entries whose key an earlier one has, with their places. */
function duplicates<T>(list: readonly T[], keyOf: (item: T) => string): (readonly [index: number, key: string])[] {
  const seen = new Set<string>()
  return list.flatMap((item, index) => {
    const key = keyOf(item)
    if (seen.has(key)) return [[index, key] as const]
    seen.add(key)
    return []
  })
}
