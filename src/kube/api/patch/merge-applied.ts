import { fieldValue, isJsonObject, type JsonObject, setField } from './json-value.ts'
import { itemElement, itemsByElement } from './list-items.ts'
import { type Shape, shapeAt } from './shape.ts'

/**
 * The live object with what somebody applies laid over it: of each field the applied value counts, null removes it.
 * Nothing else goes. Source: typed.TypedValue.Merge of structured-merge-diff.
 */
export function mergeApplied(live: unknown, applied: unknown, shape: Shape): unknown {
  if (applied === undefined) return live
  if (shape.is === 'list' && Array.isArray(applied)) return mergeItems(Array.isArray(live) ? live : [], applied, shape)
  if (shape.is === 'leaf' || !isJsonObject(applied)) return applied
  return mergeFields(isJsonObject(live) ? live : {}, applied, shape)
}

function mergeFields(live: JsonObject, applied: JsonObject, shape: Shape): JsonObject {
  const result: Record<string, unknown> = { ...live }
  for (const [name, value] of Object.entries(applied)) {
    if (value === null) Reflect.deleteProperty(result, name)
    else setField(result, name, mergeApplied(fieldValue(live, name), value, shapeAt(shape, name) ?? { is: 'free' }))
  }
  return result
}

/**
 * Applied items come in their own order; the others stay before the first applied item that they stood before.
 */
function mergeItems(live: readonly unknown[], applied: readonly unknown[], shape: Shape & { is: 'list' }): unknown[] {
  const { keys, of } = shape
  const liveItems = itemsByElement(live, keys)
  const appliedItems = itemsByElement(applied, keys)
  const shared = [...appliedItems.keys()].filter((element) => liveItems.has(element))
  const result: unknown[] = []
  let at = 0
  /** Takes over what is only live, up to the next item that is applied too. */
  const takeLive = (): void => {
    for (; at < live.length; at++) {
      const element = itemElement(live[at], keys)
      if (element === shared[0]) return
      if (!appliedItems.has(element)) result.push(live[at])
    }
  }
  for (const [element, item] of appliedItems) {
    takeLive()
    result.push(mergeApplied(liveItems.get(element), item, of))
    if (element === shared[0]) {
      shared.shift()
      if (at < live.length && itemElement(live[at], keys) === element) at += 1
    }
  }
  takeLive()
  return result
}
