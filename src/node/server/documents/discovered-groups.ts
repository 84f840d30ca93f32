import type { Kind } from '../kinds/kind.ts'

export interface DiscoveredGroup {
  /** '' for the core group. */
  readonly name: string
  /** The preferred one first. */
  readonly versions: readonly DiscoveredVersion[]
}

export interface DiscoveredVersion {
  readonly version: string
  /** `v1`, `apps/v1`: what stands in apiVersion. */
  readonly groupVersion: string
  /** By the name of their resources. */
  readonly kinds: readonly Kind[]
}

/** The kinds by group and version, in the order in which they are registered. */
export function discoveredGroups(kinds: readonly Kind[]): readonly DiscoveredGroup[] {
  const groups = Map.groupBy(kinds, ({ resource }) => resource.group)
  return Array.from(groups, ([name, inGroup]) => {
    const versions = Map.groupBy(inGroup, ({ resource }) => resource.version)
    return {
      name,
      versions: Array.from(versions, ([version, inVersion]) => ({
        version,
        groupVersion: groupVersionOf(name, version),
        kinds: inVersion.toSorted((one, other) => (one.resource.plural < other.resource.plural ? -1 : 1)),
      })),
    }
  })
}

export function groupVersionOf(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`
}
