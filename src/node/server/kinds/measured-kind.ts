import { rfc3339 } from '../../../kube/api/rfc3339.ts'
import type { KubeObject, Resource } from '../../store/store.ts'
import type { Usages } from '../../store/resources.ts'
import type { Measured, Usage } from '../resource-usage.ts'
import type { Column, Kind, Measurement } from './kind.ts'

/** What all kinds have in common whose objects are made of what is measured. */
export function measuredKind<T extends KubeObject>(
  resource: Resource<T>,
  measured: Measurement<T>,
  columns: readonly Column<T>[],
): Kind<T> {
  return {
    resource,

    singular: resource.kind.toLowerCase(),
    shortNames: [],
    subresources: [],
    canDeleteCollection: false,
    selectableFields: [],
    fieldValue: () => '',
    rules: () => Promise.reject(new TypeError(`${resource.kind} are not stored`)),
    measured,
    columns: () => Promise.resolve(columns),
  }
}

/** The columns that the metrics server gives its tables. */
export function usageColumns<T extends KubeObject & { readonly window: string }>(
  usageOf: (object: T) => Usages,
): readonly Column<T>[] {
  return [
    { name: 'Name', format: 'name', description: 'Name of the resource', cell: ({ metadata }) => metadata.name ?? '' },
    { name: 'cpu', format: 'quantity', description: '', cell: (object) => usageOf(object).cpu },
    { name: 'memory', format: 'quantity', description: '', cell: (object) => usageOf(object).memory },
    { name: 'Window', format: 'duration', description: '', cell: ({ window }) => window },
  ]
}

/** The object's own part of what is said of it: it lives for one answer. */
export function measuredPart(
  { metadata: { name, namespace, labels } }: KubeObject,
  { atMs, windowMs }: Measured,
  nowMs: number,
): Pick<KubeObject, 'metadata'> & { readonly timestamp: string; readonly window: string } {
  return {
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      creationTimestamp: rfc3339(nowMs),
      ...(labels === undefined ? {} : { labels }),
    },
    timestamp: rfc3339(atMs),
    window: `${windowMs / 1000}s`,
  }
}

/** As the metrics server writes them: billionths of a core, and kibibytes where they are whole. */
export function usageQuantities({ cpuNanocores, memoryBytes }: Usage): Usages {
  const memory = memoryBytes > 0 && memoryBytes % 1024 === 0 ? `${memoryBytes / 1024}Ki` : String(memoryBytes)
  return { cpu: cpuNanocores === 0 ? '0' : `${Math.round(cpuNanocores)}n`, memory }
}
