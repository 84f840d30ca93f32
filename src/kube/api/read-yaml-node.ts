import type { Alias, Document, Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml'
import { isAlias, isMap, isNode, isPair, isScalar, isSeq } from 'yaml'
import { readPlainScalar } from './plain-scalar.ts'
import type { ProblemReason } from './problem.ts'
import { describe } from './read-scalar.ts'
import type { SourceNode } from './source-text.ts'

export interface YamlValue {
  readonly value: unknown
  readonly node: SourceNode
}

export interface YamlProblem {
  readonly field: string
  readonly message: string
  readonly reason: ProblemReason
  readonly offset: number
}

/** More than any manifest has; what aliases repeat counts each time. */
const MAXIMUM_VALUES = 200_000
const MAXIMUM_DEPTH = 200

interface Reading {
  /** Where the document's own text begins in the file. */
  readonly base: number
  readonly problems: YamlProblem[]
  /** What each anchor stands for at this point of the text. */
  readonly anchors: Map<string, Node>
  /** Nodes that are being read. */
  readonly open: Set<Node>
  /** How many aliases deep this is. */
  aliasDepth: number
  values: number
}

/** Turns a document into plain data with the place of every value; problems take the place of what cannot be read. */
export function readYamlDocument(
  document: Document,
  base: number,
): { readonly root: YamlValue; readonly problems: readonly YamlProblem[] } {
  const reading: Reading = { base, problems: [], anchors: new Map(), open: new Set(), aliasDepth: 0, values: 0 }
  const contents = document.contents
  const root = readNode(contents, { reading, path: '', keyOffset: undefined, depth: 0 })
  return { root, problems: reading.problems }
}

interface Place {
  readonly reading: Reading
  readonly path: string
  readonly keyOffset: number | undefined
  readonly depth: number
}

function readNode(node: unknown, place: Place): YamlValue {
  const { reading } = place
  reading.values += 1
  if (reading.values > MAXIMUM_VALUES) {
    // Said once: each further value would repeat it.
    if (reading.values === MAXIMUM_VALUES + 1) {
      report(place, node, `must hold at most ${MAXIMUM_VALUES} values, aliases counted each time`)
    }
    return leaf(null, node, place)
  }
  if (place.depth > MAXIMUM_DEPTH) {
    report(place, node, `must not be nested more than ${MAXIMUM_DEPTH} levels deep`)
    return leaf(null, node, place)
  }
  if (isAlias(node)) return readAlias(node, place)
  if (!isMap(node) && !isSeq(node) && !isScalar(node)) return leaf(null, node, place)
  // What an alias brings in again must not bring back an anchor that has been set anew since.
  if (node.anchor !== undefined && reading.aliasDepth === 0) reading.anchors.set(node.anchor, node)
  reading.open.add(node)
  const read = isMap(node)
    ? readMap(node, place)
    : isSeq(node)
      ? readSequence(node, place)
      : readScalarNode(node, place)
  reading.open.delete(node)
  return read
}

function readAlias(alias: Alias, place: Place): YamlValue {
  const { reading } = place
  const target = reading.anchors.get(alias.source)
  if (target === undefined) {
    report(place, alias, `the alias *${alias.source} names no anchor before it; quote a text that begins with *`)
    return leaf(null, alias, place)
  }
  if (reading.open.has(target)) {
    report(place, alias, `the alias *${alias.source} is inside of what it stands for`)
    return leaf(null, alias, place)
  }
  reading.aliasDepth += 1
  const read = readNode(target, { ...place, depth: place.depth + 1 })
  reading.aliasDepth -= 1
  return read
}

function readSequence(sequence: YAMLSeq, place: Place): YamlValue {
  const items = sequence.items.map((item, index) =>
    readNode(item, { ...place, path: `${place.path}[${index}]`, keyOffset: undefined, depth: place.depth + 1 }),
  )
  const children = new Map(items.map((item, index) => [String(index), item.node]))
  return { value: items.map((item) => item.value), node: { ...sourceOf(sequence, place), children } }
}

function readMap(map: YAMLMap, place: Place): YamlValue {
  const own = new Map<string, YamlValue>()
  const merged = new Map<string, YamlValue>()
  for (const pair of map.items) {
    if (!isPair(pair) || place.reading.values > MAXIMUM_VALUES) continue
    if (isMergeKey(pair)) {
      for (const [key, value] of readMerge(pair.value, place)) if (!merged.has(key)) merged.set(key, value)
      continue
    }
    const key = readKey(pair, place)
    if (key === undefined) continue
    const path = place.path === '' ? key : `${place.path}.${key}`
    const keyOffset = offsetOf(pair.key, place)
    const value = readNode(pair.value, { ...place, path, keyOffset, depth: place.depth + 1 })
    if (own.has(key)) {
      place.reading.problems.push({
        field: path,
        message: `Duplicate value: "${key}": an object has each name once`,
        reason: 'FieldValueDuplicate',
        offset: keyOffset,
      })
    } else own.set(key, value)
  }
  const all = new Map([...merged, ...own])
  return {
    value: Object.fromEntries([...all].map(([key, { value }]) => [key, value])),
    node: { ...sourceOf(map, place), children: new Map([...all].map(([key, { node }]) => [key, node])) },
  }
}

function isMergeKey(pair: Pair): boolean {
  return isScalar(pair.key) && pair.key.value === '<<' && pair.key.type === 'PLAIN'
}

/** `<<: *base` or `<<: [*first, *second]`: the first one that has a name wins. */
function readMerge(value: unknown, place: Place): [string, YamlValue][] {
  const sources: unknown[] = isSeq(value) ? value.items : [value]
  return sources.flatMap((source) => {
    const { value: read, node } = readNode(source, { ...place, depth: place.depth + 1 })
    if (typeof read !== 'object' || read === null || Array.isArray(read)) {
      report(place, source, `the merge key << takes an object or a list of objects; got ${describe(read)}`)
      return []
    }
    return Object.entries(read).flatMap(([key, part]): [string, YamlValue][] => {
      const child = node.children?.get(key)
      return child === undefined ? [] : [[key, { value: part as unknown, node: child }]]
    })
  })
}

/** A name: text or a number; a boolean or null without quotes is not what anybody meant. */
function readKey(pair: Pair, place: Place): string | undefined {
  const { key } = pair
  const { value, node } = readNode(key, { ...place, keyOffset: undefined, depth: place.depth + 1 })
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  if (typeof value === 'object' && value !== null) {
    const placeholder =
      Array.isArray(value) && value.length === 1
        ? `; if [${String(value[0])}] is a placeholder, put the text in its place`
        : ''
    report(place, key, `a name must be text; got ${describe(value)}${placeholder}`)
  } else {
    const written = node.written ?? ''
    const sentence = `a name must be text, but YAML reads ${written} as ${describe(value)}: write "${written}" in quotes`
    report(place, key, written === '' ? 'there is no name before the colon' : sentence)
  }
  return undefined
}

const CORE_TAG = 'tag:yaml.org,2002:'

function readScalarNode(scalar: Scalar, place: Place): YamlValue {
  const text = typeof scalar.value === 'string' ? scalar.value : ''
  const tag = scalar.tag ?? ''
  const isPlain = scalar.type === 'PLAIN' && tag === ''
  if (isPlain) {
    const value = readPlainScalar(text)
    const node = { ...sourceOf(scalar, place), written: text }
    if (typeof value !== 'number' || Number.isFinite(value)) return { value, node }
    report(place, scalar, `${text} is too large a number`)
    return { value: null, node }
  }
  if (tag === '' || tag === '!' || tag === `${CORE_TAG}str`) return leaf(text, scalar, place)
  const value = ['int', 'float', 'bool', 'null'].some((name) => tag === CORE_TAG + name)
    ? readPlainScalar(text)
    : undefined
  if (value !== undefined) return leaf(value, scalar, place)
  report(place, scalar, `the tag ${tag} means nothing to Kubernetes; remove it`)
  return leaf(text, scalar, place)
}

function leaf(value: unknown, node: unknown, place: Place): YamlValue {
  return { value, node: sourceOf(node, place) }
}

function sourceOf(node: unknown, place: Place): SourceNode {
  return { valueOffset: offsetOf(node, place), keyOffset: place.keyOffset, written: undefined, children: undefined }
}

function offsetOf(node: unknown, place: Place): number {
  const start = isNode(node) ? node.range?.[0] : undefined
  return start === undefined ? (place.keyOffset ?? place.reading.base) : place.reading.base + start
}

function report(place: Place, node: unknown, message: string): void {
  place.reading.problems.push({
    field: place.path,
    message,
    reason: 'FieldValueTypeInvalid',
    offset: offsetOf(node, place),
  })
}
