import type { V1KeyToPath } from '@kubernetes/client-node'
import { Failure, messageOf } from '../../../failure.ts'
import { everyContainer, type Json, type Pod, type Volume } from '../../../kube/api/pod.ts'
import type { VolumeFile } from '../../../machine/volume/write-volume-files.ts'
import type { Allocatable } from '../environment/resource-field.ts'
import { downwardFile } from './downward-file.ts'
import { type Sources, valueIn } from './pod-sources.ts'

/** What the files of a volume are made of. */
export interface FilesFacts {
  readonly sources: Sources
  readonly allocatable: Allocatable
  /** The token for a source of a projected volume, by its path, or why there is none. */
  readonly tokens: ReadonlyMap<string, string | Failure>
}

export type TokenSource = NonNullable<ProjectedSource['serviceAccountToken']>

type ProjectedSource = NonNullable<NonNullable<Volume['projected']>['sources']>[number]
type Files = ReadonlyMap<string, VolumeFile>

const FILE_MODE = 0o644
/** Tokens are for their owner alone, when it is known who that is. */
const TOKEN_MODE = 0o600

/** Whether what it holds is made of objects and of the pod itself. */
export function isDataVolume({ configMap, secret, downwardAPI, projected }: Volume): boolean {
  return [configMap, secret, downwardAPI, projected].some((source) => source !== undefined)
}

/** Only a ConfigMap's files may lie on a disk. */
export function isKeptInMemory({ configMap }: Volume): boolean {
  return configMap === undefined
}

export function tokenSources({ projected }: Volume): readonly TokenSource[] {
  return (projected?.sources ?? []).flatMap(({ serviceAccountToken }) => serviceAccountToken ?? [])
}

/**
 * What a volume holds that is made of data, by path.
 *
 * @throws Failure FailedMount, in the kubelet's words, for what is not there and not optional.
 */
export function filesOfVolume(pod: Pod, volume: Volume, facts: FilesFacts): Files {
  const { configMap, secret, downwardAPI, projected } = volume
  if (configMap !== undefined) return configMapFiles(configMap, configMap.defaultMode ?? FILE_MODE, facts.sources)
  if (secret !== undefined) {
    const { secretName, defaultMode = FILE_MODE } = secret
    return secretFiles({ ...secret, name: secretName }, defaultMode, facts.sources)
  }
  if (downwardAPI !== undefined) {
    return downwardFiles(pod, downwardAPI, downwardAPI.defaultMode ?? FILE_MODE, facts.allocatable)
  }
  return projectedFiles(pod, projected ?? {}, facts)
}

/** The later source wins; all that is missing is told at once. */
function projectedFiles(
  pod: Pod,
  { sources = [], defaultMode = FILE_MODE }: NonNullable<Volume['projected']>,
  facts: FilesFacts,
): Files {
  const files = new Map<string, VolumeFile>()
  const complaints = new Set<string>()
  for (const source of sources) {
    try {
      for (const [path, file] of filesOfSource(pod, source, { defaultMode, facts })) files.set(path, file)
    } catch (error) {
      complaints.add(messageOf(error))
    }
  }
  const [first] = complaints
  if (first === undefined) return files
  throw new Failure('FailedMount', complaints.size === 1 ? first : `[${[...complaints].join(', ')}]`)
}

function filesOfSource(
  pod: Pod,
  { configMap, secret, downwardAPI, serviceAccountToken, ...others }: ProjectedSource,
  { defaultMode, facts }: { readonly defaultMode: number; readonly facts: FilesFacts },
): Files {
  if (configMap !== undefined) return configMapFiles(configMap, defaultMode, facts.sources)
  if (secret !== undefined) return secretFiles(secret, defaultMode, facts.sources)
  if (downwardAPI !== undefined) return downwardFiles(pod, downwardAPI, defaultMode, facts.allocatable)
  if (serviceAccountToken === undefined) {
    throw new Failure('FailedMount', `the source ${Object.keys(others).join()} is not carried out`)
  }
  const token = facts.tokens.get(serviceAccountToken.path)
  if (token === undefined) throw new Failure('FailedMount', 'there is no API here to give a token for')
  if (token instanceof Failure) throw token
  return new Map([[serviceAccountToken.path, tokenFile(pod, token, defaultMode)]])
}

/** Source: collectData of pkg/volume/projected. */
function tokenFile(pod: Pod, token: string, defaultMode: number): VolumeFile {
  const uid = onlyUser(pod)
  const content = Buffer.from(token)
  if (uid === undefined && pod.spec.securityContext?.fsGroup === undefined) return { content, mode: defaultMode }
  return { content, mode: TOKEN_MODE, ...(uid === undefined ? {} : { uid }) }
}

/** Whom all containers of the pod run as, when the manifest says it of each. */
function onlyUser(pod: Pod): number | undefined {
  const inPod = pod.spec.securityContext?.runAsUser
  const users = new Set(everyContainer(pod).map(({ securityContext }) => securityContext?.runAsUser ?? inPod))
  const [user] = users
  return users.size === 1 ? user : undefined
}

interface Reference {
  readonly name?: string | undefined
  readonly items?: readonly Json<V1KeyToPath>[] | undefined
  readonly optional?: boolean | undefined
}

function configMapFiles(reference: Reference, defaultMode: number, sources: Sources): Files {
  const { name = '', optional = false } = reference
  const configMap = sources.configMap(name)
  if (configMap === undefined && !optional) throw new Failure('FailedMount', `configmap "${name}" not found`)
  const { data = {}, binaryData } = configMap ?? {}
  return pickedFiles(reference, defaultMode, {
    keys: [...Object.keys(data), ...Object.keys(binaryData ?? {})],
    read: (key) => {
      const text = valueIn(data, key)
      return text === undefined ? decoded(valueIn(binaryData, key)) : Buffer.from(text)
    },
    complaint: (key) => `configmap references non-existent config key: ${key}`,
  })
}

function secretFiles(reference: Reference, defaultMode: number, sources: Sources): Files {
  const { name = '', optional = false } = reference
  const secret = sources.secret(name)
  if (secret === undefined && !optional) throw new Failure('FailedMount', `secret "${name}" not found`)
  const { data = {} } = secret ?? {}
  return pickedFiles(reference, defaultMode, {
    keys: Object.keys(data),
    read: (key) => decoded(valueIn(data, key)),
    complaint: (key) => `references non-existent secret key: ${key}`,
  })
}

interface Contents {
  readonly keys: readonly string[]
  read(key: string): Buffer | undefined
  complaint(key: string): string
}

/** All keys, or the `items`, each where it says. */
function pickedFiles({ items = [], optional = false }: Reference, defaultMode: number, contents: Contents): Files {
  const wanted = items.length > 0 ? items : contents.keys.map((key) => ({ key, path: key }))
  const files = new Map<string, VolumeFile>()
  for (const { key, path, mode = defaultMode } of wanted as readonly Json<V1KeyToPath>[]) {
    const content = contents.read(key)
    if (content !== undefined) files.set(path, { content, mode })
    else if (!optional) throw new Failure('FailedMount', contents.complaint(key))
  }
  return files
}

function downwardFiles(
  pod: Pod,
  { items = [] }: NonNullable<ProjectedSource['downwardAPI']>,
  defaultMode: number,
  allocatable: Allocatable,
): Files {
  return new Map(
    items.map((item) => [
      item.path,
      { content: Buffer.from(downwardFile(pod, item, allocatable)), mode: item.mode ?? defaultMode },
    ]),
  )
}

function decoded(base64: string | undefined): Buffer | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64')
}
