import { KINDS } from '../kinds/kinds.ts'
import type { Kind } from '../kinds/kind.ts'

/** `/api`: the versions of the core group. */
export function coreVersions(): unknown {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }
}

/** `/apis`: all groups but the core group. */
export function apiGroups(): unknown {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: [] }
}

/** `/api/v1`: what there is in a group's version. */
export function resourceList(): unknown {
  return { kind: 'APIResourceList', groupVersion: 'v1', resources: KINDS.flatMap(resourcesOf) }
}

function resourcesOf(kind: Kind): unknown[] {
  const { plural, namespaced, kind: name } = kind.resource
  const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
  return [
    {
      name: plural,
      singularName: kind.singular,
      namespaced,
      kind: name,
      verbs: verbs.filter((verb) => verb !== 'deletecollection' || kind.canDeleteCollection),
      shortNames: kind.shortNames,
      ...(kind.categories === undefined ? {} : { categories: kind.categories }),
    },
    ...kind.subresources.map((subresource) => ({
      name: `${plural}/${subresource}`,
      singularName: '',
      namespaced,
      kind: name,
      verbs: subresource === 'log' ? ['get'] : ['get', 'patch', 'update'],
    })),
  ]
}
