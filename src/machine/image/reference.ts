import { Failure } from '../../failure.ts'
import { parseDigest } from './digest.ts'

/** An image reference with everything that people leave out filled in. At least one of tag and digest is there. */
export interface ImageReference {
  /** Host with the port that was written, such as `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly registry: string
  /** Such as `library/nginx`. */
  readonly repository: string
  readonly tag: string | undefined
  /** What counts when it is there: the tag is then for people only. */
  readonly digest: string | undefined
}

const DOCKER_HUB_NAMES: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io'])
const LONGEST_NAME = 255

const HOST =
  /^(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(?::[0-9]+)?$/
const PATH_PART = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const TAG = /^\w[\w.-]{0,127}$/

/**
 * Reads a reference as everybody writes it: `nginx` is `docker.io/library/nginx:latest`.
 *
 * @throws Failure InvalidImageName
 * @see https://github.com/distribution/reference for the grammar
 */
export function parseReference(text: string): ImageReference {
  const { rest, digest } = cutDigest(text)
  const { name, tag } = cutTag(text, rest)
  const { registry, path } = cutRegistry(name)
  const repository = registry === 'docker.io' && !path.includes('/') ? `library/${path}` : path
  if (name === '') throw invalid(text, 'it names no repository')
  checkRegistry(text, registry)
  checkRepository(text, path)
  if (`${registry}/${repository}`.length > LONGEST_NAME) {
    throw invalid(text, `the name must not be longer than ${LONGEST_NAME} characters`)
  }
  return { registry, repository, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest }

  function cutDigest(whole: string): { rest: string; digest: string | undefined } {
    const at = whole.indexOf('@')
    if (at < 0) return { rest: whole, digest: undefined }
    const written = whole.slice(at + 1)
    if (parseDigest(written) !== undefined) return { rest: whole.slice(0, at), digest: written }
    throw invalid(whole, `"${written}" is no digest: expected sha256: and 64 hex digits, or sha512: and 128`)
  }
}

/** The normal form, such as `docker.io/library/nginx:latest`. Reading it again gives the same reference. */
export function printReference(reference: ImageReference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`
  return `${repositoryName(reference)}${tag}${digest}`
}

/** Registry and repository, such as `docker.io/library/nginx`. */
export function repositoryName(reference: ImageReference): string {
  return `${reference.registry}/${reference.repository}`
}

/** The normal form that one image is known by: a digest where there is one, else the tag. */
export function identityOf(reference: ImageReference): string {
  return printReference(reference.digest === undefined ? reference : { ...reference, tag: undefined })
}

function cutTag(text: string, rest: string): { name: string; tag: string | undefined } {
  const at = rest.lastIndexOf(':')
  // A colon before the last slash belongs to a port; in `[::1]/a` all of them belong to the address.
  if (at < 0 || rest.indexOf('/', at) >= 0 || rest.indexOf(']', at) >= 0) return { name: rest, tag: undefined }
  const tag = rest.slice(at + 1)
  if (TAG.test(tag)) return { name: rest.slice(0, at), tag }
  throw invalid(text, `"${tag}" is no tag: up to 128 letters, digits, "_", "." and "-", not beginning with "." or "-"`)
}

function cutRegistry(name: string): { registry: string; path: string } {
  const slash = name.indexOf('/')
  const first = name.slice(0, Math.max(slash, 0))
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase()
  if (slash < 0 || !isHost) return { registry: 'docker.io', path: name }
  return { registry: DOCKER_HUB_NAMES.has(first) ? 'docker.io' : first, path: name.slice(slash + 1) }
}

function checkRegistry(text: string, registry: string): void {
  if (!HOST.test(registry)) throw invalid(text, `"${registry}" is no registry host`)
  const port = /:([0-9]+)$/.exec(registry.replace(/^\[.*\]/, ''))?.[1]
  if (port !== undefined && Number(port) > 65_535) throw invalid(text, `${port} is no port`)
}

function checkRepository(text: string, path: string): void {
  if (/^[0-9a-f]{64}$/.test(path)) throw invalid(text, 'a repository cannot be named by 64 hex digits')
  const wrong = path.split('/').find((part) => !PATH_PART.test(part))
  if (wrong === undefined) return
  if (wrong === '') throw invalid(text, 'a part of the repository is empty')
  if (PATH_PART.test(wrong.toLowerCase())) {
    throw invalid(text, `repository name (${path}) must be lowercase; did you mean "${path.toLowerCase()}"?`)
  }
  throw invalid(text, `"${wrong}" may hold lower-case letters and digits, with ".", "_", "__" or "-" between them`)
}

/** Kubernetes' own beginning, so that people find it. */
function invalid(text: string, why: string): Failure {
  return new Failure('InvalidImageName', `couldn't parse image name "${text}": invalid reference format: ${why}`)
}
