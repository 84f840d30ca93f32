import type { Column } from '../kinds/kind.ts'
import { age } from './age.ts'

export const nameColumn: Column = {
  name: 'Name',
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
  cell: ({ metadata }) => metadata.name ?? '',
}

const CREATION_TIMESTAMP =
  'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata'

export const ageColumn: Column = {
  name: 'Age',
  description: CREATION_TIMESTAMP,
  cell: ({ metadata }, nowMs) => age(metadata.creationTimestamp, nowMs),
}

/** What Kubernetes shows of kinds that it knows no columns for. */
export const DEFAULT_COLUMNS: readonly Column[] = [
  nameColumn,
  {
    name: 'Created At',
    type: 'date',
    description: CREATION_TIMESTAMP,
    cell: ({ metadata }) => metadata.creationTimestamp ?? '',
  },
]
