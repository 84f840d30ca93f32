import type {
  V1EnvFromSource,
  V1EnvVar,
  V1EnvVarSource,
  V1ObjectFieldSelector,
  V1ResourceFieldSelector,
} from '@kubernetes/client-node'
import { formatQuantity, parseQuantity } from '../quantity.ts'
import type { Draft, Finding } from './finding.ts'
import { invalid, invalidFor, isEmpty, notSupported, required } from './finding.ts'
import { brokenByDataKey, brokenByEnvName, brokenByQualifiedName, brokenBySubdomain } from './names.ts'
import { checkDescendingPath } from './paths.ts'

const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]
const ALL_FIELDS = [
  ...ENV_FIELDS,
  'metadata.labels',
  'metadata.annotations',
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
]
const RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]

export function checkEnv(env: readonly Draft<V1EnvVar>[], field: string): Finding[] {
  return env.flatMap((variable, index) => {
    const at = `${field}[${index}]`
    const { name, value, valueFrom } = variable
    return [
      ...(isEmpty(name) ? [required(`${at}.name`)] : invalidFor(`${at}.name`, name, brokenByEnvName(name))),
      ...(valueFrom === undefined ? [] : checkValueFrom(valueFrom, !isEmpty(value), `${at}.valueFrom`)),
    ]
  })
}

export function checkEnvFrom(sources: readonly Draft<V1EnvFromSource>[], field: string): Finding[] {
  return sources.flatMap((source, index) => {
    const at = `${field}[${index}]`
    const given = (['configMapRef', 'secretRef'] as const).filter((name) => source[name] !== undefined)
    return [
      ...(isEmpty(source.prefix) ? [] : invalidFor(`${at}.prefix`, source.prefix, brokenByEnvName(source.prefix))),
      ...given.flatMap((name) => checkObjectName(source[name]?.name, `${at}.${name}.name`)),
      ...(given.length === 0 ? [invalid(at, '', 'must specify one of: `configMapRef` or `secretRef`')] : []),
      ...(given.length > 1 ? [invalid(at, '', 'may not have more than one field specified at a time')] : []),
    ]
  })
}

/** A field of the pod itself, as a volume of the downward API or a variable (`labelsToo` false) may name it (E2). */
export function checkFieldRef(
  reference: Draft<V1ObjectFieldSelector>,
  field: string,
  supported: readonly string[],
): Finding[] {
  const { apiVersion, fieldPath } = reference
  if (isEmpty(apiVersion)) return [required(`${field}.apiVersion`)]
  if (isEmpty(fieldPath)) return [required(`${field}.fieldPath`)]
  const subscript = /^(metadata\.(?:labels|annotations))\['([^']*)'\]$/.exec(fieldPath)
  if (subscript !== null) return invalidFor(`${field}.fieldPath`, fieldPath, brokenByQualifiedName(subscript[2] ?? ''))
  if (!ALL_FIELDS.includes(fieldPath)) {
    const sentence = `error converting fieldPath: field label not supported: ${fieldPath}`
    return [invalid(`${field}.fieldPath`, fieldPath, sentence)]
  }
  return supported.includes(fieldPath) ? [] : [notSupported(`${field}.fieldPath`, fieldPath, supported)]
}

export function checkResourceFieldRef(reference: Draft<V1ResourceFieldSelector>, field: string): Finding[] {
  const { resource, divisor } = reference
  if (isEmpty(resource)) return [required(`${field}.resource`)]
  const isHugePages = /^(limits|requests)\.hugepages-/.test(resource)
  if (!isHugePages && !RESOURCES.includes(resource)) return [notSupported(`${field}.resource`, resource, RESOURCES)]
  return divisor === undefined ? [] : checkDivisor(resource, divisor, `${field}.divisor`)
}

const CPU_DIVISORS = ['1m', '1']
const BYTE_DIVISORS = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei']
const RESOURCE_WORDS: Readonly<Record<string, string>> = {
  cpu: 'cpu',
  memory: 'memory',
  'ephemeral-storage': 'local ephemeral storage',
}

/** Source: validateContainerResourceDivisor of pkg/apis/core/validation. */
function checkDivisor(resource: string, divisor: string, field: string): Finding[] {
  const quantity = parseQuantity(divisor)
  if (quantity === undefined || quantity.nanos === 0n) return []
  const name = resource.slice(resource.indexOf('.') + 1)
  const divisors = name === 'cpu' ? CPU_DIVISORS : BYTE_DIVISORS
  if (divisors.includes(formatQuantity(quantity))) return []
  const listed = name === 'cpu' ? '1m and 1' : divisors.join(', ')
  const words = RESOURCE_WORDS[name] ?? 'hugepages'
  return [invalid(field, resource, `only divisor's values ${listed} are supported with the ${words} resource`)]
}

/** The name of a ConfigMap, Secret or another object that is referred to. */
export function checkObjectName(name: string | undefined, field: string): Finding[] {
  return isEmpty(name) ? [required(field)] : invalidFor(field, name, brokenBySubdomain(name))
}

function checkValueFrom(source: Draft<V1EnvVarSource>, hasValue: boolean, field: string): Finding[] {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source
  const count = Object.values(source).filter((each) => each !== undefined).length
  const found = [
    ...(fieldRef === undefined ? [] : checkFieldRef(fieldRef, `${field}.fieldRef`, ENV_FIELDS)),
    ...(resourceFieldRef === undefined ? [] : checkResourceFieldRef(resourceFieldRef, `${field}.resourceFieldRef`)),
    ...(configMapKeyRef === undefined ? [] : checkKeyRef(configMapKeyRef, `${field}.configMapKeyRef`)),
    ...(secretKeyRef === undefined ? [] : checkKeyRef(secretKeyRef, `${field}.secretKeyRef`)),
    ...(fileKeyRef === undefined ? [] : checkFileKeyRef(fileKeyRef, `${field}.fileKeyRef`)),
  ]
  if (count === 0) {
    const sentence = 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`'
    return [...found, invalid(field, '', sentence)]
  }
  if (hasValue) return [...found, invalid(field, '', 'may not be specified when `value` is not empty')]
  return count > 1 ? [...found, invalid(field, '', 'may not have more than one field specified at a time')] : found
}

function checkKeyRef(
  reference: { readonly name?: string | undefined; readonly key?: string | undefined },
  field: string,
): Finding[] {
  const { name, key } = reference
  return [
    ...checkObjectName(name, `${field}.name`),
    ...(isEmpty(key) ? [required(`${field}.key`)] : invalidFor(`${field}.key`, key, brokenByDataKey(key))),
  ]
}

function checkFileKeyRef(reference: Draft<NonNullable<V1EnvVarSource['fileKeyRef']>>, field: string): Finding[] {
  const { key, path, volumeName } = reference
  return [
    ...(isEmpty(key) ? [required(`${field}.key`)] : invalidFor(`${field}.key`, key, brokenByEnvName(key))),
    ...(isEmpty(volumeName) ? [required(`${field}.volumeName`)] : []),
    ...(isEmpty(path) ? [required(`${field}.path`)] : checkDescendingPath(path, `${field}.path`)),
  ]
}
