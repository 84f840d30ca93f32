import type { Kind } from '../kinds/kind.ts'
import { discoveredGroups } from './discovered-groups.ts'
import { subresourceParts } from './subresource-parts.ts'
import { verbsOf } from './verbs-of.ts'

const VERSIONS = ['v2', 'v2beta1'] as const
type DiscoveryVersion = (typeof VERSIONS)[number]

/** The version of aggregated discovery that an Accept header asks for before anything else; undefined for plain discovery. */
export function wantedDiscovery(accept: string | undefined): DiscoveryVersion | undefined {
  for (const range of (accept ?? '').split(',')) {
    const [type, ...parameters] = range.split(';').map((part) => part.trim())
    if (type !== 'application/json') continue
    if (parameters.includes('as=APIGroupDiscoveryList') && parameters.includes('g=apidiscovery.k8s.io')) {
      const version = VERSIONS.find((each) => parameters.includes(`v=${each}`))
      if (version !== undefined) return version
    } else if (!parameters.some((parameter) => parameter.startsWith('as='))) return undefined
  }
  return undefined
}

export function discoveryContentType(version: DiscoveryVersion): string {
  return `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`
}

/** `/api` (the core group) or `/apis` (all others) with everything in them, in one document. */
export function aggregatedDiscovery(
  kinds: readonly Kind[],
  root: '/api' | '/apis',
  discoveryVersion: DiscoveryVersion,
): unknown {
  const groups = discoveredGroups(kinds).filter(({ name }) => (name === '') === (root === '/api'))
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${discoveryVersion}`,
    metadata: {},
    items: groups.map(({ name, versions }) => ({
      metadata: { ...(name === '' ? {} : { name }), creationTimestamp: null },
      versions: versions.map(({ version, kinds: inVersion }) => ({
        version,
        resources: inVersion.map(discoverResource),
        freshness: 'Current',
      })),
    })),
  }
}

function discoverResource(kind: Kind): unknown {
  const { resource, singular, shortNames, categories, subresources } = kind
  return {
    resource: resource.plural,
    responseKind: { group: resource.group, version: resource.version, kind: resource.kind },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs: verbsOf(kind),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories === undefined ? {} : { categories }),
    ...(subresources.length === 0
      ? {}
      : {
          subresources: subresources.toSorted().map((subresource) => {
            const { group, version, kind: name, verbs } = subresourceParts(kind, subresource)
            return { subresource, responseKind: { group, version, kind: name }, verbs }
          }),
        }),
  }
}
