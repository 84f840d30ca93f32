import { formatQuantity, parseQuantity, QUANTITY_SENTENCE } from './quantity.ts'
import type { ScalarName } from './schema.ts'

/** A value of the right type, or the sentence that says what it has to be. */
export type ScalarReading = { readonly value: unknown } | { readonly wrong: string }

const INTEGER_LIMIT = { int32: 2 ** 31, int64: 2 ** 63 }
const INSTANT = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/**
 * One scalar as Kubernetes' types want it.
 *
 * @param writtenAs how a plain YAML scalar stands in the text, where that is known: `yes` for the boolean true.
 */
export function readScalar(
  value: unknown,
  type: ScalarName,
  writtenAs: () => string | undefined = () => undefined,
): ScalarReading {
  switch (type) {
    case 'any':
      return { value }
    case 'string':
      return readText(value, writtenAs)
    case 'boolean':
      if (typeof value === 'boolean') return { value }
      return { wrong: `must be true or false; got ${describe(value)}${quotesHint(value, /^(true|false)$/)}` }
    case 'int32':
    case 'int64':
      return readInteger(value, INTEGER_LIMIT[type])
    case 'double':
      if (typeof value === 'number') return { value }
      return { wrong: `must be a number; got ${describe(value)}${quotesHint(value, /^-?\d+(\.\d+)?$/)}` }
    case 'IntOrString':
      return typeof value === 'string' ? { value } : readInteger(value, INTEGER_LIMIT.int32, 'a whole number or a name')
    case 'quantity':
      return readQuantity(value)
    case 'time':
      if (typeof value === 'string' && INSTANT.test(value)) return { value }
      return { wrong: `must be a time such as "2026-01-31T12:00:00Z" (RFC 3339); got ${describe(value)}` }
    case 'base64':
      if (typeof value === 'string' && BASE64.test(value)) return { value }
      return { wrong: `must be text in base64; got ${describe(value)}` }
  }
}

/** What a null stands for where it cannot be absent, such as in a list: Go's zero value. */
export function zeroOf(type: ScalarName): unknown {
  if (type === 'boolean') return false
  if (type === 'quantity') return '0'
  return type === 'int32' || type === 'int64' || type === 'double' || type === 'IntOrString' ? 0 : ''
}

/** The value in words, short enough for a message. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  const text = JSON.stringify(value)
  const short = text.length > 60 ? `${text.slice(0, 57)}...` : text
  if (Array.isArray(value)) return `the list ${short}`
  if (typeof value === 'object') return `the object ${short}`
  return typeof value === 'string' ? `the text ${short}` : `the ${typeof value} ${short}`
}

function readText(value: unknown, writtenAs: () => string | undefined): ScalarReading {
  if (typeof value === 'string') return { value }
  if (typeof value !== 'number' && typeof value !== 'boolean') {
    return { wrong: `must be text; got ${describe(value)}${placeholderHint(value)}` }
  }
  const text = String(value)
  const written = writtenAs()
  if (written === undefined || written === text)
    return { wrong: `must be text, so it has to be quoted: write "${text}"` }
  return { wrong: `must be text, but YAML reads ${written} as ${describe(value)}: write "${written}" in quotes` }
}

function readInteger(value: unknown, limit: number, wanted = 'a whole number'): ScalarReading {
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    return { wrong: `must be ${wanted}; got ${describe(value)}${quotesHint(value, /^-?\d+$/)}` }
  }
  const isInside = value >= -limit && value < limit
  return isInside ? { value } : { wrong: `must be ${wanted} of ${Math.log2(limit) + 1} bits; got ${value}` }
}

function readQuantity(value: unknown): ScalarReading {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string') return { wrong: `must be a quantity such as "500m" or "64Mi"; got ${describe(value)}` }
  const quantity = parseQuantity(text.trim())
  return quantity === undefined ? { wrong: `${QUANTITY_SENTENCE}; got "${text}"` } : { value: formatQuantity(quantity) }
}

function quotesHint(value: unknown, looksRight: RegExp): string {
  return typeof value === 'string' && looksRight.test(value) ? ': remove the quotes' : ''
}

/** `name: [pod-name]` is how a template marks what is to be filled in; YAML sees a list. */
function placeholderHint(value: unknown): string {
  const [only, ...more] = Array.isArray(value) ? (value as unknown[]) : []
  if (typeof only !== 'string' || more.length > 0) return ''
  return `; if [${only}] is a placeholder, put the text in its place`
}
