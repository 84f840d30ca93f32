import type { TerminalSize } from '../pod-streams.ts'

/** A size is two short numbers. */
const LONGEST_HELD = 1_024
/** The kernel keeps them in 16 bits. */
const LARGEST = 65_535

/** Reads the sizes that a client sends as JSON objects one after the other: `{"Width":80,"Height":24}`. */
export class TerminalSizes {
  #held = ''

  /** @returns the sizes that this completes. What is none is passed over. */
  add(text: string): TerminalSize[] {
    const objects = (this.#held + text).split('}')
    this.#held = (objects.pop() ?? '').slice(-LONGEST_HELD)
    return objects.map((object) => parseSize(`${object}}`)).filter((size) => size !== undefined)
  }
}

function parseSize(text: string): TerminalSize | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Not JSON: a client that says something else than sizes here is not to be understood.
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  // As in Go, small letters and capitals are the same.
  const fields = new Map(Object.entries(value).map(([name, field]) => [name.toLowerCase(), field as unknown]))
  const columns = fields.get('width')
  const rows = fields.get('height')
  return isLength(columns) && isLength(rows) ? { columns, rows } : undefined
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= LARGEST
}
