import { Failure } from '../../../failure.ts'
import { namespaceFinalizers } from '../../store/held-object.ts'
import { type Namespace, NAMESPACES } from '../../store/resources.ts'
import type { Kind } from './kind.ts'

/** Namespaces that every cluster has; they can't be deleted. */
export const STANDING_NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'] as const

export const namespaceKind: Kind<Namespace> = {
  resource: NAMESPACES,
  singular: 'namespace',
  shortNames: ['ns'],
  subresources: ['finalize', 'status'],
  canDeleteCollection: false,
  addedFields: ['spec'],
  selectableFields: ['status.phase'],
  fieldValue: (namespace) => namespace.status?.phase ?? '',
  rules: async () => (await import('./namespace-rules.ts')).namespaceRules,
  columns: async () => (await import('../tables/namespace-columns.ts')).namespaceColumns,
  deletion(namespace) {
    const { name = '' } = namespace.metadata
    if (STANDING_NAMESPACES.some((standing) => standing === name)) {
      throw new Failure('Forbidden', `namespaces "${name}" is forbidden: this namespace may not be deleted`, {
        details: { name, kind: 'namespaces' },
      })
    }
    if (namespaceFinalizers(namespace).length === 0) return { is: 'at-once' }
    const terminating: Namespace = { ...namespace, status: { ...namespace.status, phase: 'Terminating' } }
    return { is: 'emptied-first', object: terminating }
  },
}
