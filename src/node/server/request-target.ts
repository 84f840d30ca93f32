import { findKind } from './kinds/kinds.ts'
import type { Kind } from './kinds/kind.ts'
import { noSuchResource } from './status.ts'

/** What a path names. */
export type RequestTarget =
  | { readonly is: 'collection'; readonly kind: Kind; readonly namespace: string | undefined }
  | {
      readonly is: 'object'
      readonly kind: Kind
      readonly namespace: string | undefined
      readonly name: string
      readonly subresource: string | undefined
      /** What follows `proxy`, as it stands in the URL, with its slash; '' when nothing does. */
      readonly rest?: string
    }
  /** Discovery, health and the like. */
  | { readonly is: 'document'; readonly path: string }

/** Namespaces are objects themselves: these words after a name are their subresources, not resources in them. */
const NAMESPACE_SUBRESOURCES = ['status', 'finalize']

/** @throws Failure NotFound for a path of the API that names nothing */
export async function parseRequestTarget(path: string): Promise<RequestTarget> {
  const written = path.split('/').slice(1)
  const parts = written.map(decode)
  const [root = '', ...rest] = parts
  const depth = root === 'api' ? 1 : 2
  if ((root !== 'api' && root !== 'apis') || rest.length <= depth || rest[depth] === '') return { is: 'document', path }
  const [group, version] = root === 'api' ? ['', rest[0] ?? ''] : [rest[0] ?? '', rest[1] ?? '']
  return parseResource({ group, version }, rest.slice(depth), written.slice(1 + depth))
}

async function parseResource(
  { group, version }: { readonly group: string; readonly version: string },
  parts: readonly string[],
  written: readonly string[],
): Promise<RequestTarget> {
  const isInNamespace =
    parts[0] === 'namespaces' && parts.length > 2 && !NAMESPACE_SUBRESOURCES.includes(parts[2] ?? '')
  const namespace = isInNamespace ? parts[1] : undefined
  const [plural = '', name, subresource, ...more] = isInNamespace ? parts.slice(2) : parts
  const kind = await findKind(group, version, plural)
  const isProxy = subresource === 'proxy'
  if (kind === undefined || (more.length > 0 && !isProxy) || name === '' || namespace === '') throw noSuchResource()
  if (isInNamespace && !kind.resource.namespaced) throw noSuchResource()
  if (name === undefined) return { is: 'collection', kind, namespace }
  if (kind.resource.namespaced && namespace === undefined) throw noSuchResource()
  if (subresource !== undefined && !kind.subresources.some((known) => known === subresource)) throw noSuchResource()
  const rest = written.slice(written.length - more.length).map((part) => `/${part}`)
  return { is: 'object', kind, namespace, name, subresource, ...(isProxy && { rest: rest.join('') }) }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    // A path that nobody could have written for an object: no object has that name.
    throw noSuchResource()
  }
}
