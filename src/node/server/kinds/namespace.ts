import { Failure } from '../../../failure.ts'
import { type Namespace, NAMESPACES } from '../../store/resources.ts'
import type { Kind } from './kind.ts'

/** Namespaces that every cluster has; they can't be deleted. */
export const STANDING_NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'] as const

export const namespaceKind: Kind<Namespace> = {
  resource: NAMESPACES,
  singular: 'namespace',
  shortNames: ['ns'],
  subresources: ['status'],
  canDeleteCollection: false,
  addedFields: ['spec'],
  selectableFields: ['status.phase'],
  fieldValue: (namespace) => namespace.status?.phase ?? '',
  rules: async () => (await import('./namespace-rules.ts')).namespaceRules,
  columns: async () => (await import('../tables/namespace-columns.ts')).namespaceColumns,
  deletion(namespace) {
    const { name = '' } = namespace.metadata
    if (!STANDING_NAMESPACES.some((standing) => standing === name)) return { is: 'at-once' }
    throw new Failure('Forbidden', `namespaces "${name}" is forbidden: this namespace may not be deleted`, {
      details: { name, kind: 'namespaces' },
    })
  },
}
