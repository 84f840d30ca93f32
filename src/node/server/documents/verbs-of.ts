import type { Kind } from '../kinds/kind.ts'

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

/** What can be done with the objects of a kind, in discovery's order. */
export function verbsOf(kind: Kind): readonly string[] {
  if (kind.answer !== undefined || kind.carryOut !== undefined) return ['create']
  if (kind.measured !== undefined) return ['get', 'list']
  return VERBS.filter((verb) => verb !== 'deletecollection' || kind.canDeleteCollection)
}
