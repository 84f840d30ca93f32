import type { KubeObject } from './store.ts'

const texts = new WeakMap<KubeObject, string>()

/** The JSON text of a stored object. Written once per version, however many lists and watches send it. */
export function jsonOf(object: KubeObject): string {
  const known = texts.get(object)
  if (known !== undefined) return known
  const text = JSON.stringify(object)
  if (Object.isFrozen(object)) texts.set(object, text)
  return text
}

/** A frozen copy, as it would be read back from disk. */
export function frozenCopy(object: KubeObject): KubeObject {
  const text = JSON.stringify(object)
  const copy = parseFrozen(text)
  texts.set(copy, text)
  return copy
}

export function parseFrozen(text: string): KubeObject {
  const value = JSON.parse(text) as KubeObject
  freeze(value)
  return value
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  Object.freeze(value)
  if (Array.isArray(value)) value.forEach(freeze)
  else for (const field in value) freeze((value as Record<string, unknown>)[field])
}
