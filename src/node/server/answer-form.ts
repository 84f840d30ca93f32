import { jsonOf } from '../store/object-json.ts'
import type { KubeObject, Resource } from '../store/store.ts'
import { acceptedForm } from './accepted-form.ts'
import type { ApiRequest } from './api-request.ts'

/** The `metadata` of a list. */
export interface ListMetadata {
  /** Absent: of nothing that is stored. */
  readonly resourceVersion?: string
  readonly continue?: string
  readonly remainingItemCount?: number
}

/** How the answer to one request shows objects: each function writes JSON. */
export interface AnswerForm {
  one(object: KubeObject): string
  list(objects: readonly KubeObject[], metadata: ListMetadata): string
  /** The `object` of a watch's event. */
  event(object: KubeObject): string
  /** The `object` of a watch's bookmark. */
  bookmark(metadata: BookmarkMetadata): string
}

interface BookmarkMetadata {
  readonly resourceVersion: string
  readonly annotations?: Readonly<Record<string, string>>
}

/**
 * The form that a get, a list or a watch asks for.
 *
 * @throws Failure NotAcceptable, BadRequest
 */
export async function answerForm(request: ApiRequest, shape: 'one' | 'list', nowMs: () => number): Promise<AnswerForm> {
  const accepted = acceptedForm(request.incoming.headers.accept, shape)
  if (accepted.is === 'object') return objectForm(request.kind.resource)
  if (accepted.is === 'metadata') return (await import('./tables/metadata-form.ts')).metadataForm(accepted.version)
  const { tableForm } = await import('./tables/table-form.ts')
  return tableForm(request, accepted.version, nowMs)
}

/** The objects as they are stored. */
export function objectForm(resource: Resource): AnswerForm {
  const { kind } = resource
  const apiVersion = apiVersionOf(resource)
  return {
    one: jsonOf,
    list(objects, metadata) {
      const head = JSON.stringify({ kind: `${kind}List`, apiVersion, metadata })
      return `${head.slice(0, -1)},"items":[${objects.map(jsonOf).join(',')}]}`
    },
    event: jsonOf,
    bookmark: (metadata) => JSON.stringify({ kind, apiVersion, metadata }),
  }
}

function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`
}
