import { type DiscoveredGroup, discoveredGroups, type DiscoveredVersion, groupVersionOf } from './discovered-groups.ts'
import { subresourceParts } from './subresource-parts.ts'
import type { Kind } from '../kinds/kind.ts'
import { verbsOf } from './verbs-of.ts'

/** `/api`: the versions of the core group. */
export function coreVersions(): unknown {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }
}

/** `/apis`: all groups but the core group. */
export function groupList(kinds: readonly Kind[]): unknown {
  const groups = discoveredGroups(kinds).filter(({ name }) => name !== '')
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(describeGroup) }
}

/** `/apis/<group>`; undefined when there is no such group. */
export function groupDocument(kinds: readonly Kind[], name: string): unknown {
  const group = discoveredGroups(kinds).find((each) => each.name === name)
  return group === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...describeGroup(group) }
}

/** `/api/v1`, `/apis/<group>/<version>`: what there is in a group's version; undefined when there is none. */
export function resourceList(kinds: readonly Kind[], group: string, version: string): unknown {
  const found = discoveredGroups(kinds)
    .find(({ name }) => name === group)
    ?.versions.find((each) => each.version === version)
  if (found === undefined) return undefined
  return {
    kind: 'APIResourceList',
    // Kubernetes leaves it out in the core group: that document is older than apiVersion was.
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: found.groupVersion,
    resources: found.kinds.flatMap(resourcesOf),
  }
}

function describeGroup({ name, versions }: DiscoveredGroup): object {
  const described = versions.map(({ groupVersion, version }: DiscoveredVersion) => ({ groupVersion, version }))
  return { name, versions: described, preferredVersion: described[0] }
}

function resourcesOf(kind: Kind): unknown[] {
  const { resource, singular, shortNames, categories, subresources } = kind
  const { plural, namespaced } = resource
  return [
    {
      name: plural,
      singularName: singular,
      namespaced,
      kind: resource.kind,
      verbs: verbsOf(kind),
      ...(shortNames.length === 0 ? {} : { shortNames }),
      ...(categories === undefined ? {} : { categories }),
    },
    ...subresources.toSorted().map((subresource) => {
      const { group, version, kind: name, verbs } = subresourceParts(kind, subresource)
      const isOwn = groupVersionOf(group, version) === groupVersionOf(resource.group, resource.version)
      return {
        name: `${plural}/${subresource}`,
        singularName: '',
        namespaced,
        ...(isOwn ? {} : { group, version }),
        kind: name,
        verbs,
      }
    }),
  ]
}
