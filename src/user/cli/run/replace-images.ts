import { Failure } from '../../../failure.ts'

/** Use image `other` where a manifest says `name`. */
export interface ImageReplacement {
  readonly name: string
  readonly other: string
  /** A replacement that was asked for and finds nothing deserves a word; a standing setting does not. */
  readonly from: 'flag' | 'config'
  readonly fits: (image: string) => boolean
}

export function imageReplacement(name: string, other: string, from: ImageReplacement['from']): ImageReplacement {
  return { name, other, from, fits: (image) => isNamed(image, name) }
}

/** @throws Failure UsageError */
export function parseReplacements(texts: readonly string[]): readonly ImageReplacement[] {
  return texts.map((text) => {
    const at = text.indexOf('=')
    const [name, other] = [text.slice(0, at), text.slice(at + 1)]
    if (at > 0 && other !== '') return imageReplacement(name, other, 'flag')
    throw new Failure(
      'UsageError',
      `--image must be NAME=OTHER, such as nginx=registry.local/nginx:1; got ${JSON.stringify(text)}`,
    )
  })
}

type Manifest = Readonly<Record<string, unknown>>

/**
 * A manifest, not yet checked, with the first replacement that fits each of its images. It happens before defaults are
 * filled in, because an image's tag decides about its pull policy.
 */
export function replaceImages(manifest: Manifest, replacements: readonly ImageReplacement[]): Manifest {
  const { spec } = manifest
  if (!isRecord(spec) || replacements.length === 0) return manifest
  const lists = CONTAINER_LISTS.flatMap((list) => {
    const containers = spec[list]
    return Array.isArray(containers) ? [[list, containers.map((one: unknown) => replaceIn(one, replacements))]] : []
  })
  return { ...manifest, spec: { ...spec, ...(Object.fromEntries(lists) as Manifest) } }
}

/** Every image that the manifest names. */
export function imagesOf(manifest: Manifest): readonly string[] {
  const { spec } = manifest
  if (!isRecord(spec)) return []
  return CONTAINER_LISTS.flatMap((list) => {
    const containers: unknown = spec[list]
    return Array.isArray(containers) ? containers.flatMap((one: unknown) => imageOf(one) ?? []) : []
  })
}

const CONTAINER_LISTS = ['initContainers', 'containers']

function replaceIn(container: unknown, replacements: readonly ImageReplacement[]): unknown {
  const image = imageOf(container)
  const found = image === undefined ? undefined : replacements.find((one) => one.fits(image))
  return found === undefined || !isRecord(container) ? container : { ...container, image: found.other }
}

function imageOf(container: unknown): string | undefined {
  const image = isRecord(container) ? container['image'] : undefined
  return typeof image === 'string' ? image : undefined
}

function isRecord(value: unknown): value is Manifest {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `nginx` names docker.io/library/nginx with any tag or digest; `nginx:1.29` only that tag. */
function isNamed(image: string, name: string): boolean {
  const [wanted, given] = [splitName(name), splitName(image)]
  if (wanted.repository !== given.repository) return false
  if (wanted.digest !== '') return wanted.digest === given.digest
  return wanted.tag === '' || wanted.tag === (given.tag || (given.digest === '' ? 'latest' : ''))
}

interface SplitName {
  /** In the normal form: `docker.io/library/nginx`. */
  readonly repository: string
  readonly tag: string
  readonly digest: string
}

function splitName(text: string): SplitName {
  const [named = '', digest = ''] = text.split('@')
  const colon = named.lastIndexOf(':')
  const hasTag = colon > named.lastIndexOf('/')
  const path = hasTag ? named.slice(0, colon) : named
  return { repository: normalRepository(path), tag: hasTag ? named.slice(colon + 1) : '', digest }
}

/** As Docker and every node complete short names. */
function normalRepository(path: string): string {
  const slash = path.indexOf('/')
  const first = slash < 0 ? '' : path.slice(0, slash)
  const hasRegistry = first.includes('.') || first.includes(':') || first === 'localhost'
  if (!hasRegistry) return `docker.io/${slash < 0 ? 'library/' : ''}${path}`
  if (first !== 'docker.io' && first !== 'index.docker.io') return path
  const rest = path.slice(slash + 1)
  return `docker.io/${rest.includes('/') ? '' : 'library/'}${rest}`
}
