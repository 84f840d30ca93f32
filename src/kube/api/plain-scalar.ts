/** How the text of a scalar without quotes is understood. */
const NULLS = new Set(['', '~', 'null', 'Null', 'NULL'])
const TRUE = /^(?:y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE)$/
const FALSE = /^(?:n|N|no|No|NO|off|Off|OFF|false|False|FALSE)$/
const DECIMAL = /^[-+]?(?:0|[1-9][\d_]*)$/
const OTHER_BASE = /^([-+]?)0(?:([xX])([\da-fA-F_]+)|([oO]?)([0-7_]+)|([bB])([01_]+))$/
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/

/**
 * The value of a plain scalar as Kubernetes reads it: YAML 1.1 as go-yaml has it, where `yes` is a boolean and `0644` is
 * octal, but `12:30` and `2026-01-31` are text.
 *
 * @see https://github.com/kubernetes-sigs/yaml/blob/master/goyaml.v2/resolve.go
 */
export function readPlainScalar(text: string): string | number | boolean | null {
  if (NULLS.has(text)) return null
  if (TRUE.test(text)) return true
  if (FALSE.test(text)) return false
  if (DECIMAL.test(text)) return Number(text.replaceAll('_', ''))
  const other = OTHER_BASE.exec(text)
  if (other !== null) return readOtherBase(other)
  if (FLOAT.test(text)) return Number(text)
  return text
}

function readOtherBase([
  ,
  sign,
  hex,
  hexDigits = '',
  ,
  octalDigits = '',
  binary,
  binaryDigits = '',
]: RegExpExecArray): number {
  const digits = hex !== undefined ? hexDigits : binary !== undefined ? binaryDigits : octalDigits
  const base = hex !== undefined ? 16 : binary !== undefined ? 2 : 8
  const size = Number.parseInt(digits.replaceAll('_', ''), base)
  return sign === '-' ? -size : size
}
