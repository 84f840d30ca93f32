import { Failure } from '../../../failure.ts'
import { jsonOf } from '../../store/object-json.ts'
import type { KubeObject, ListOptions } from '../../store/store.ts'
import { type Answer, jsonAnswer } from '../answer.ts'
import type { ApiRequest } from '../api-request.ts'
import { parseContinueToken, writeContinueToken } from '../continue-token.ts'
import { numberParameter } from '../number-parameter.ts'
import { resourceVersionParameter } from '../resource-version-parameter.ts'
import { parseSelection } from '../selection.ts'
import type { ServerParts } from '../server-parts.ts'

/** A list, or a page of one. All pages of a list show the state that the first one was taken from. */
export function listObjects({ store }: ServerParts, request: ApiRequest): Answer {
  const { resource } = request.kind
  const { items, resourceVersion, next, remaining } = store.list(resource, listOptions(request))
  const metadata = {
    resourceVersion,
    ...(next === undefined ? {} : { continue: writeContinueToken({ resourceVersion, after: next }) }),
    // With a selector the rest is not counted, as in Kubernetes.
    ...(remaining === undefined || hasSelector(request) ? {} : { remainingItemCount: remaining }),
  }
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`
  const head = JSON.stringify({ kind: `${resource.kind}List`, apiVersion, metadata })
  return jsonAnswer(200, `${head.slice(0, -1)},"items":[${items.map(jsonOf).join(',')}]}`)
}

function listOptions(request: ApiRequest): ListOptions<KubeObject> {
  const { query } = request
  const selection = parseSelection(request)
  const limit = numberParameter(query, 'limit')
  const page = { ...selection, limit: limit === undefined || limit <= 0 ? undefined : limit }
  const token = query.get('continue') ?? ''
  const version = resourceVersionParameter(query)
  if (token !== '') {
    if (version !== undefined && version !== '0') {
      throw new Failure('BadRequest', 'specifying resource version is not allowed when using continue')
    }
    const { resourceVersion, after } = parseContinueToken(token)
    return { ...page, atResourceVersion: resourceVersion, after }
  }
  // Without resourceVersionMatch=Exact a version asks for a state that is not older: the newest is none.
  return query.get('resourceVersionMatch') === 'Exact' ? { ...page, atResourceVersion: version } : page
}

function hasSelector({ query }: ApiRequest): boolean {
  return (query.get('labelSelector') ?? '') !== '' || (query.get('fieldSelector') ?? '') !== ''
}
