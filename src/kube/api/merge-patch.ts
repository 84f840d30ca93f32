/**
 * The target with a JSON merge patch applied: objects are merged field by field, null removes a field, everything else
 * (lists too) takes the place of what was there. Neither argument is changed.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7386
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {}
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, field)
    else set(result, field, mergePatch(Object.hasOwn(result, field) ? result[field] : undefined, value))
  }
  return result
}

/** A field called `__proto__` is a field like any other in JSON. */
function set(object: Record<string, unknown>, field: string, value: unknown): void {
  Object.defineProperty(object, field, { value, writable: true, enumerable: true, configurable: true })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
