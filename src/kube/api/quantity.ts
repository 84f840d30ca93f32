import { Failure } from '../../failure.ts'

/** An exact Kubernetes quantity: `0.5`, `500m`, `64Mi`, `1e3`. */
export interface Quantity {
  /** Billionths of the unit; finer parts are rounded up (away from zero), as Kubernetes does. */
  readonly nanos: bigint
  readonly format: 'DecimalSI' | 'BinarySI' | 'DecimalExponent'
}

/** Kubernetes' sentence for text that is no quantity. */
export const QUANTITY_SENTENCE =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

const NANOS = 1_000_000_000n
const LARGEST = (2n ** 63n - 1n) * NANOS
const DECIMAL_EXPONENT: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
}
const BINARY_EXPONENT: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 }
const SYNTAX = /^([+-]?)(\d*)(?:\.(\d*))?(?:(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE])|[eE]([+-]?\d+))?$/

/** Reads a quantity; undefined when the text is none. What is too large becomes the largest 64-bit number. */
export function parseQuantity(text: string): Quantity | undefined {
  const match = SYNTAX.exec(text)
  if (match === null) return undefined
  const [, sign = '', whole = '', fraction = '', suffix = '', exponentText] = match
  if (whole === '' && fraction === '') return undefined
  const digits = BigInt(whole + fraction)
  const binary = BINARY_EXPONENT[suffix]
  const exponent = exponentText === undefined ? (DECIMAL_EXPONENT[suffix] ?? 0) : Number(exponentText)
  // Beyond these every value is the largest or the smallest there is, and 10 ** n would only waste time.
  const bounded = Math.max(-1000, Math.min(1000, exponent)) - fraction.length + 9
  const factor = binary === undefined ? 1n : 2n ** BigInt(binary)
  const size = digits * factor
  const nanos = bounded >= 0 ? size * 10n ** BigInt(bounded) : divideRoundingUp(size, 10n ** BigInt(-bounded))
  const capped = nanos > LARGEST ? LARGEST : nanos
  return {
    nanos: sign === '-' ? -capped : capped,
    format: binary !== undefined ? 'BinarySI' : exponentText !== undefined ? 'DecimalExponent' : 'DecimalSI',
  }
}

/**
 * The quantity in whole units, rounded up: `64Mi` → 67 108 864, `1500m` → 2. Beyond 2 ** 53 it is the nearest double.
 *
 * @throws Failure Invalid when the text is no quantity; a parsed Pod holds none of those.
 */
export function quantityToBytes(text: string): number {
  return Number(roundUpTo(text, NANOS))
}

/** The quantity in thousandths, rounded up: the cpu of `0.5` is 500. @throws Failure Invalid */
export function quantityToMilli(text: string): number {
  return Number(roundUpTo(text, NANOS / 1000n))
}

/** The one way to write this quantity that the API server answers with: `1.5` → `1500m`, `1024Mi` → `1Gi`. */
export function formatQuantity(quantity: Quantity): string {
  const { nanos, format } = quantity
  if (nanos === 0n) return '0'
  if (format === 'BinarySI' && (nanos <= -1024n * NANOS || nanos >= 1024n * NANOS)) return formatBinary(nanos)
  let mantissa = nanos
  let exponent = -9
  while (mantissa % 1000n === 0n) {
    mantissa /= 1000n
    exponent += 3
  }
  if (format === 'DecimalExponent') return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`
  // Nothing is above E, and only a value made of zeros gets there.
  const above = Math.max(0, exponent - 18)
  const suffix = Object.entries(DECIMAL_EXPONENT).find(([, power]) => power === exponent - above)?.[0] ?? ''
  return `${mantissa * 10n ** BigInt(above)}${suffix}`
}

function formatBinary(nanos: bigint): string {
  let mantissa = nanos < 0n ? -divideRoundingUp(-nanos, NANOS) : divideRoundingUp(nanos, NANOS)
  let power = 0
  while (mantissa % 1024n === 0n && power < 60) {
    mantissa /= 1024n
    power += 10
  }
  return `${mantissa}${Object.entries(BINARY_EXPONENT).find(([, exponent]) => exponent === power)?.[0] ?? ''}`
}

function roundUpTo(text: string, unit: bigint): bigint {
  const quantity = parseQuantity(text)
  if (quantity === undefined) throw new Failure('Invalid', `read the quantity "${text}": ${QUANTITY_SENTENCE}`)
  return quantity.nanos < 0n ? -divideRoundingUp(-quantity.nanos, unit) : divideRoundingUp(quantity.nanos, unit)
}

function divideRoundingUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor
}
