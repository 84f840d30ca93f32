/** How the text of a scalar without quotes is understood. */
const NULLS = new Set(['', '~', 'null', 'Null', 'NULL'])
const TRUE = /^(?:y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE)$/
const FALSE = /^(?:n|N|no|No|NO|off|Off|OFF|false|False|FALSE)$/
const DECIMAL = /^[-+]?(?:0|[1-9][\d_]*)$/
const HEXADECIMAL = /^([-+]?)0[xX]([\da-fA-F_]*[\da-fA-F]_*)$/
const OCTAL = /^([-+]?)0(?:[oO](?=_*[0-7]))?([0-7_]+)$/
const BINARY = /^([-+]?)0[bB]([01_]*[01]_*)$/
/** How everything begins that is not text. */
const FIRST_CHARACTERS = '+-.0123456789~fFnNoOtTyY'
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/

/**
 * The value of a plain scalar as Kubernetes reads it: YAML 1.1 as go-yaml has it, where `yes` is a boolean and `0644` is
 * octal, but `12:30` and `2026-01-31` are text.
 *
 * @see https://github.com/kubernetes-sigs/yaml/blob/master/goyaml.v2/resolve.go
 */
export function readPlainScalar(text: string): string | number | boolean | null {
  if (!FIRST_CHARACTERS.includes(text.charAt(0))) return text
  if (NULLS.has(text)) return null
  if (TRUE.test(text)) return true
  if (FALSE.test(text)) return false
  if (DECIMAL.test(text)) return Number(text.replaceAll('_', ''))
  if (HEXADECIMAL.test(text)) return readInteger(HEXADECIMAL, text, 16)
  if (OCTAL.test(text)) return readInteger(OCTAL, text, 8)
  if (BINARY.test(text)) return readInteger(BINARY, text, 2)
  return FLOAT.test(text) ? Number(text) : text
}

function readInteger(syntax: RegExp, text: string, base: number): number {
  const [, sign, digits = ''] = syntax.exec(text) ?? []
  const size = Number.parseInt(`0${digits.replaceAll('_', '')}`, base)
  return sign === '-' ? -size : size
}
