import type {
  V1DownwardAPIVolumeFile,
  V1EmptyDirVolumeSource,
  V1HostPathVolumeSource,
  V1KeyToPath,
  V1ProjectedVolumeSource,
  V1Volume,
} from '@kubernetes/client-node'
import { parseQuantity } from '../quantity.ts'
import { checkFieldRef, checkObjectName, checkResourceFieldRef } from './env.ts'
import type { Draft, Finding } from './finding.ts'
import { duplicate, forbidden, invalid, invalidFor, isEmpty, notSupported, required } from './finding.ts'
import { brokenByDataKey, brokenByLabel } from './names.ts'
import { checkNoBacksteps, checkProjectedPath } from './paths.ts'

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
]
const VOLUME_FIELDS = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid']
const FILE_MODE_SENTENCE = 'must be a number between 0 and 0777 (octal), both inclusive'

export function checkVolumes(volumes: readonly Draft<V1Volume>[], field: string): Finding[] {
  const names = new Set<string>()
  return volumes.flatMap((volume, index) => {
    const at = `${field}[${index}]`
    const { name } = volume
    if (isEmpty(name)) return [...checkSource(volume, at), required(`${at}.name`)]
    const isRepeated = names.has(name)
    names.add(name)
    return [
      ...checkSource(volume, at),
      ...invalidFor(`${at}.name`, name, brokenByLabel(name)),
      ...(isRepeated ? [duplicate(`${at}.name`, name)] : []),
    ]
  })
}

/** Exactly one source; what it holds is looked at for the first alone, as Kubernetes does. */
function checkSource(volume: Draft<V1Volume>, field: string): Finding[] {
  const given = SOURCES_IN_ORDER.filter((name) => volume[name] !== undefined)
  const others = Object.keys(volume).filter((name) => name !== 'name' && !given.some((each) => each === name))
  const [first, ...rest] = [...given, ...others.filter((name) => volume[name as keyof V1Volume] !== undefined)]
  if (first === undefined) return [required(field, 'must specify a volume type')]
  return [
    ...checkSourceItself(volume, first, `${field}.${first}`),
    ...rest.map((name) => forbidden(`${field}.${name}`, 'may not specify more than 1 volume type')),
  ]
}

const SOURCES_IN_ORDER = [
  'emptyDir',
  'hostPath',
  'secret',
  'persistentVolumeClaim',
  'configMap',
  'downwardAPI',
  'projected',
  'image',
] as const

function checkSourceItself(volume: Draft<V1Volume>, name: string, field: string): Finding[] {
  const { emptyDir, hostPath, secret, persistentVolumeClaim, configMap, downwardAPI, projected, image } = volume
  if (name === 'emptyDir' && emptyDir !== undefined) return checkEmptyDir(emptyDir, field)
  if (name === 'hostPath' && hostPath !== undefined) return checkHostPath(hostPath, field)
  if (name === 'secret' && secret !== undefined) {
    return [
      ...(isEmpty(secret.secretName) ? [required(`${field}.secretName`)] : []),
      ...checkMode(secret.defaultMode, `${field}.defaultMode`),
      ...checkItems(secret.items ?? [], `${field}.items`),
    ]
  }
  if (name === 'configMap' && configMap !== undefined) {
    return [
      ...(isEmpty(configMap.name) ? [required(`${field}.name`)] : []),
      ...checkMode(configMap.defaultMode, `${field}.defaultMode`),
      ...checkItems(configMap.items ?? [], `${field}.items`),
    ]
  }
  if (name === 'persistentVolumeClaim') return checkObjectName(persistentVolumeClaim?.claimName, `${field}.claimName`)
  if (name === 'downwardAPI' && downwardAPI !== undefined) {
    return [
      ...checkMode(downwardAPI.defaultMode, `${field}.defaultMode`),
      ...checkDownwardItems(downwardAPI.items ?? [], `${field}.items`),
    ]
  }
  if (name === 'projected' && projected !== undefined) return checkProjected(projected, field)
  if (name === 'image') return isEmpty(image?.reference) ? [required(`${field}.reference`)] : []
  return []
}

function checkEmptyDir({ sizeLimit }: Draft<V1EmptyDirVolumeSource>, field: string): Finding[] {
  const nanos = sizeLimit === undefined ? 0n : (parseQuantity(sizeLimit)?.nanos ?? 0n)
  return nanos < 0n ? [forbidden(`${field}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')] : []
}

function checkHostPath({ path, type }: Draft<V1HostPathVolumeSource>, field: string): Finding[] {
  return [
    ...(isEmpty(path) ? [required(`${field}.path`)] : checkNoBacksteps(path, `${field}.path`)),
    ...(type !== undefined && !HOST_PATH_TYPES.includes(type)
      ? [notSupported(`${field}.type`, type, HOST_PATH_TYPES)]
      : []),
  ]
}

function checkProjected({ defaultMode, sources = [] }: Draft<V1ProjectedVolumeSource>, field: string): Finding[] {
  return [
    ...checkMode(defaultMode, `${field}.defaultMode`),
    ...sources.flatMap((source, index) => {
      const at = `${field}.sources[${index}]`
      const { secret, configMap, downwardAPI, serviceAccountToken } = source
      const [, ...extra] = Object.keys(source).filter((name) => source[name as keyof typeof source] !== undefined)
      return [
        ...(secret === undefined
          ? []
          : [
              ...checkObjectName(secret.name, `${at}.secret.name`),
              ...checkItems(secret.items ?? [], `${at}.secret.items`),
            ]),
        ...(configMap === undefined
          ? []
          : [
              ...checkObjectName(configMap.name, `${at}.configMap.name`),
              ...checkItems(configMap.items ?? [], `${at}.configMap.items`),
            ]),
        ...(downwardAPI === undefined ? [] : checkDownwardItems(downwardAPI.items ?? [], `${at}.downwardAPI.items`)),
        ...(serviceAccountToken === undefined ? [] : checkToken(serviceAccountToken, `${at}.serviceAccountToken`)),
        ...extra.map((name) => forbidden(`${at}.${name}`, 'may not specify more than 1 volume type')),
      ]
    }),
  ]
}

type Token = NonNullable<NonNullable<Draft<V1ProjectedVolumeSource>['sources']>[number]['serviceAccountToken']>

function checkToken({ expirationSeconds = 3600, path }: Token, field: string): Finding[] {
  return [
    ...(expirationSeconds < 600
      ? [invalid(`${field}.expirationSeconds`, expirationSeconds, 'may not specify a duration less than 10 minutes')]
      : []),
    ...(expirationSeconds > 2 ** 32
      ? [
          invalid(
            `${field}.expirationSeconds`,
            expirationSeconds,
            'may not specify a duration larger than 2^32 seconds',
          ),
        ]
      : []),
    ...(isEmpty(path) ? [required(`${field}.path`)] : checkProjectedPath(path, `${field}.path`)),
  ]
}

function checkItems(items: readonly Draft<V1KeyToPath>[], field: string): Finding[] {
  return items.flatMap(({ key, path, mode }, index) => {
    const at = `${field}[${index}]`
    return [
      ...(isEmpty(key) ? [required(`${at}.key`)] : invalidFor(`${at}.key`, key, brokenByDataKey(key))),
      ...(isEmpty(path) ? [required(`${at}.path`)] : checkProjectedPath(path, `${at}.path`)),
      ...checkMode(mode, `${at}.mode`),
    ]
  })
}

function checkDownwardItems(items: readonly Draft<V1DownwardAPIVolumeFile>[], field: string): Finding[] {
  return items.flatMap(({ path, fieldRef, resourceFieldRef, mode }, index) => {
    const at = `${field}[${index}]`
    return [
      ...(isEmpty(path) ? [required(`${at}.path`)] : checkProjectedPath(path, `${at}.path`)),
      ...(fieldRef === undefined ? [] : checkFieldRef(fieldRef, `${at}.fieldRef`, VOLUME_FIELDS)),
      ...(resourceFieldRef === undefined ? [] : checkResourceFieldRef(resourceFieldRef, `${at}.resourceFieldRef`)),
      ...(fieldRef !== undefined && resourceFieldRef !== undefined
        ? [invalid(at, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously')]
        : []),
      ...(fieldRef === undefined && resourceFieldRef === undefined
        ? [required(at, 'one of fieldRef and resourceFieldRef is required')]
        : []),
      ...checkMode(mode, `${at}.mode`),
    ]
  })
}

function checkMode(mode: number | undefined, field: string): Finding[] {
  return mode !== undefined && (mode < 0 || mode > 0o777) ? [invalid(field, mode, FILE_MODE_SENTENCE)] : []
}
