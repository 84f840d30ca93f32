import { fieldValue, isJsonObject, setField } from './json-value.ts'

/**
 * The target with a JSON merge patch applied: objects are merged field by field, null removes a field, everything else
 * (lists too) takes the place of what was there. Neither argument is changed.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7386
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch
  const result: Record<string, unknown> = isJsonObject(target) ? { ...target } : {}
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, field)
    else setField(result, field, mergePatch(fieldValue(result, field), value))
  }
  return result
}
