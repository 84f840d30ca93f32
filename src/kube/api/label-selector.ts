import type { V1LabelSelector } from '@kubernetes/client-node'
import { Failure } from '../../failure.ts'
import type { Json } from './pod.ts'
import { brokenByLabelValue, brokenByQualifiedName } from './rules/names.ts'

export type Labels = Readonly<Record<string, string>>

type Requirement =
  | { readonly is: 'in' | 'not-in'; readonly key: string; readonly values: ReadonlySet<string> }
  | { readonly is: 'exists' | 'absent'; readonly key: string }
  | { readonly is: 'greater' | 'less'; readonly key: string; readonly than: number }

/** All requirements must hold; none: everything matches. */
export type LabelSelector = readonly Requirement[]

/**
 * A selector as it stands in a URL: `app=web,tier in (a,b),!legacy`.
 *
 * @throws Failure BadRequest in the words of the API server
 * @see k8s.io/apimachinery/pkg/labels/selector.go
 */
export function parseLabelSelector(text: string): LabelSelector {
  const tokens = new Tokens(text)
  const requirements: Requirement[] = []
  if (tokens.peek() === '') return requirements
  for (;;) {
    requirements.push(parseRequirement(tokens))
    const separator = tokens.next()
    if (separator === '') return requirements
    if (separator !== ',') throw found(separator, "',' or 'end of string'")
    const following = tokens.peek()
    if (following !== '!' && !isWord(following)) throw found(following, "identifier after ','")
  }
}

/** A selector as it stands in an object; an empty one selects everything. Its operators were checked before. */
export function compileLabelSelector({
  matchLabels = {},
  matchExpressions = [],
}: Json<V1LabelSelector>): LabelSelector {
  const equal = Object.entries(matchLabels).map(([key, value]): Requirement => ({
    is: 'in',
    key,
    values: new Set([value]),
  }))
  const expressions = matchExpressions.map(({ key, operator, values = [] }): Requirement => {
    if (operator === 'Exists') return { is: 'exists', key }
    if (operator === 'DoesNotExist') return { is: 'absent', key }
    return { is: operator === 'NotIn' ? 'not-in' : 'in', key, values: new Set(values) }
  })
  return [...equal, ...expressions]
}

export function matchesLabels(selector: LabelSelector, labels: Labels | undefined): boolean {
  return selector.every((requirement) => holds(requirement, labels?.[requirement.key]))
}

function holds(requirement: Requirement, value: string | undefined): boolean {
  switch (requirement.is) {
    case 'in':
      return value !== undefined && requirement.values.has(value)
    case 'not-in':
      return value === undefined || !requirement.values.has(value)
    case 'exists':
      return value !== undefined
    case 'absent':
      return value === undefined
    case 'greater':
      return isInteger(value) && Number(value) > requirement.than
    case 'less':
      return isInteger(value) && Number(value) < requirement.than
  }
}

function parseRequirement(tokens: Tokens): Requirement {
  const isAbsent = tokens.peek() === '!'
  if (isAbsent) tokens.next()
  const key = tokens.next()
  if (!isWord(key)) throw found(key, 'identifier')
  refuse(`key: Invalid value: ${JSON.stringify(key)}: `, brokenByQualifiedName(key))
  const following = tokens.peek()
  if (following === '' || following === ',') return { is: isAbsent ? 'absent' : 'exists', key }
  const operator = tokens.next()
  if (isAbsent) throw found(operator, "',' or 'end of string'")
  switch (operator) {
    case '=':
    case '==':
      return { is: 'in', key, values: new Set([parseValue(tokens, key)]) }
    case '!=':
      return { is: 'not-in', key, values: new Set([parseValue(tokens, key)]) }
    case 'in':
      return { is: 'in', key, values: parseValues(tokens, key) }
    case 'notin':
      return { is: 'not-in', key, values: parseValues(tokens, key) }
    case '>':
    case '<':
      return { is: operator === '>' ? 'greater' : 'less', key, than: parseNumber(tokens) }
    default:
      throw found(operator, 'in, notin, =, ==, !=, gt, lt')
  }
}

/** `app=` asks for the empty value. */
function parseValue(tokens: Tokens, key: string): string {
  const following = tokens.peek()
  if (following === '' || following === ',') return ''
  const value = tokens.next()
  if (!isWord(value)) throw found(value, 'identifier')
  return checkedValue(key, value)
}

function parseValues(tokens: Tokens, key: string): ReadonlySet<string> {
  const opening = tokens.next()
  if (opening !== '(') throw found(opening, "'('")
  const values = new Set<string>()
  for (;;) {
    const token = tokens.next()
    if (isWord(token)) {
      values.add(checkedValue(key, token))
      const separator = tokens.next()
      if (separator === ')') return values
      if (separator !== ',') throw found(separator, "',' or ')'")
      if (tokens.peek() === ')') values.add('')
    } else if (token === ',') values.add('')
    else if (token === ')') {
      values.add('')
      return values
    } else throw found(token, "',', ')' or identifier")
  }
}

function parseNumber(tokens: Tokens): number {
  const value = tokens.next()
  if (!isInteger(value))
    throw badSelector(`for 'Gt', 'Lt' operators, the value must be an integer, got ${JSON.stringify(value)}`)
  return Number(value)
}

function checkedValue(key: string, value: string): string {
  refuse(`values[0][${key}]: Invalid value: ${JSON.stringify(value)}: `, brokenByLabelValue(value))
  return value
}

function refuse(where: string, sentences: readonly string[]): void {
  if (sentences.length > 0) throw badSelector(where + sentences.join('; '))
}

function found(token: string, expected: string): Failure {
  return badSelector(`found '${token}', expected: ${expected}`)
}

function badSelector(what: string): Failure {
  return new Failure('BadRequest', `unable to parse requirement: ${what}`)
}

function isInteger(value: string | undefined): value is string {
  return value !== undefined && /^[-+]?\d+$/.test(value)
}

function isWord(token: string): boolean {
  return token !== '' && !/^[=!<>(),]/.test(token)
}

/** Operators and words; the empty text at the end. */
class Tokens {
  readonly #tokens: readonly string[]
  #position = 0

  constructor(text: string) {
    this.#tokens = text.match(/==|!=|[=!<>(),]|[^\s=!<>(),]+/g) ?? []
  }

  peek(): string {
    return this.#tokens[this.#position] ?? ''
  }

  next(): string {
    const token = this.peek()
    this.#position++
    return token
  }
}
