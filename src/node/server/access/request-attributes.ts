import type { AccessAttributes } from '../../../kube/api/rbac/access-attributes.ts'
import { isSet } from '../number-parameter.ts'
import type { RequestTarget } from '../request-target.ts'

/** What a request wants to do, as roles speak of it. Source: k8s.io/apiserver/pkg/endpoints/request. */
export function requestAttributes(method: string, target: RequestTarget, query: URLSearchParams): AccessAttributes {
  if (target.is === 'document') return { verb: method === 'HEAD' ? 'get' : method.toLowerCase(), path: target.path }
  const { group, version, plural } = target.kind.resource
  const named = target.is === 'object' ? { name: target.name, subresource: target.subresource ?? '' } : undefined
  const selected = named === undefined ? selectedName(query) : ''
  return {
    // What follows is the pod's to understand.
    verb: verbOf(method, named !== undefined, named?.subresource === 'proxy' ? new URLSearchParams() : query),
    group,
    version,
    resource: plural,
    subresource: named?.subresource ?? '',
    name: named?.name ?? selected,
    // A namespace's own requests are in it: a role of a namespace may speak of the namespace.
    namespace: target.namespace ?? (plural === 'namespaces' && group === '' ? (named?.name ?? '') : ''),
  }
}

function verbOf(method: string, isNamed: boolean, query: URLSearchParams): string {
  switch (method) {
    case 'POST':
      return 'create'
    case 'PUT':
      return 'update'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return isNamed ? 'delete' : 'deletecollection'
    case 'GET':
    case 'HEAD':
      if (isSet(query, 'watch')) return 'watch'
      return isNamed ? 'get' : 'list'
    default:
      return ''
  }
}

/** A list that is narrowed to one name is allowed by a rule about that name. */
function selectedName(query: URLSearchParams): string {
  return /^metadata\.name==?([^,=!]+)$/.exec(query.get('fieldSelector') ?? '')?.[1] ?? ''
}
