import { eventKind } from './event.ts'
import type { Kind } from './kind.ts'
import { namespaceKind } from './namespace.ts'
import { podKind } from './pod.ts'

/** Every kind of objects that the server has. */
export const KINDS: readonly Kind[] = [eventKind, namespaceKind, podKind]

/** The kind that a URL names, if there is one. */
export function findKind(group: string, version: string, plural: string): Kind | undefined {
  return KINDS.find(
    ({ resource }) => resource.plural === plural && resource.group === group && resource.version === version,
  )
}
