import { elementText } from './field-set.ts'
import { isJsonObject } from './json-value.ts'
import { itemElement } from './list-items.ts'
import { keyValue } from './merge-keys.ts'
import { type Shape, shapeAt } from './shape.ts'

/**
 * What of an applied object does not fit its type, in the words of structured-merge-diff:
 * `.spec.containers[name="a"].imag: field not declared in schema`.
 */
export function checkApplied(value: unknown, shape: Shape, path = ''): string[] {
  if (value === null || shape.is === 'leaf' || shape.is === 'free') return []
  if (shape.is === 'list') {
    return Array.isArray(value) ? checkItems(value, shape, path) : [`${path}: expected list, got ${show(value)}`]
  }
  if (!isJsonObject(value)) return [`${path}: expected map, got ${show(value)}`]
  return Object.entries(value).flatMap(([name, part]) => {
    const partPath = `${path}.${name}`
    const partShape = shapeAt(shape, name)
    return partShape === undefined
      ? [`${partPath}: field not declared in schema`]
      : checkApplied(part, partShape, partPath)
  })
}

function checkItems(list: readonly unknown[], shape: Shape & { is: 'list' }, path: string): string[] {
  const { keys, of } = shape
  const seen = new Set<string>()
  return list.flatMap((item, index) => {
    if (keys.length > 0) {
      if (!isJsonObject(item)) {
        return [`${path}: element ${index}: associative list with keys may not have non-map elements`]
      }
      const missing = keys.find((key) => keyValue(item, key) === undefined)
      if (missing !== undefined) {
        const what = `associative list with keys has an element that omits key field ${JSON.stringify(missing)}`
        return [`${path}: element ${index}: ${what} (and doesn't have default value)`]
      }
    }
    const element = itemElement(item, keys)
    const text = elementText(element)
    if (seen.has(element)) return [`${path}: duplicate entries for key ${text}`]
    seen.add(element)
    return checkApplied(item, of, path + text)
  })
}

function show(value: unknown): string {
  return `&{${typeof value === 'string' ? value : JSON.stringify(value)}}`
}
