const CODES = {
  dim: 2,
  bold: 1,
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
  brightGreen: 92,
  brightYellow: 93,
  brightBlue: 94,
  brightMagenta: 95,
  brightCyan: 96,
} as const

export type Style = keyof typeof CODES

/** Dresses text for a terminal, or leaves it alone. */
export type Stylist = (style: Style, text: string) => string

export const RESET = '\u001b[0m'

export function stylist(colours: boolean): Stylist {
  if (!colours) return (_style, text) => text
  return (style, text) => `\u001b[${CODES[style]}m${text}${RESET}`
}

/** Container colours, in the order in which they are given out: red stays for failures. */
export const CONTAINER_STYLES: readonly Style[] = [
  'cyan',
  'yellow',
  'green',
  'magenta',
  'blue',
  'brightCyan',
  'brightYellow',
  'brightGreen',
  'brightMagenta',
  'brightBlue',
]
