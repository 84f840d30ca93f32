import { BINDINGS } from '../../store/resources.ts'
import type { Kind } from './kind.ts'

/** What schedulers before `pods/binding` create. */
export const bindingKind: Kind = {
  resource: BINDINGS,
  singular: 'binding',
  shortNames: [],
  subresources: [],
  canDeleteCollection: false,
  selectableFields: [],
  fieldValue: () => '',
  rules: () => Promise.reject(new TypeError('a Binding is not stored')),
  carryOut: async (parts, request) => (await import('../verbs/bind-pod.ts')).bindPod(parts, request, undefined),
}
