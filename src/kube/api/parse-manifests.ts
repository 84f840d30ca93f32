import type { Document } from 'yaml'
import { parseAllDocuments } from 'yaml'
import type { Parsed, Problem, ProblemReason, SourcePosition } from './problem.ts'
import type { YamlValue } from './read-yaml-node.ts'
import { readYamlDocument } from './read-yaml-node.ts'
import { describe } from './read-scalar.ts'
import type { Finding } from './rules/finding.ts'
import { KINDS } from './schema.ts'
import { findNode, SourceText } from './source-text.ts'
import { splitJson } from './split-json.ts'
import { nearestName } from './suggest-field.ts'

/** One Kubernetes object of a text: of a known kind, otherwise unchecked. */
export interface ParsedDocument {
  readonly apiVersion: string
  readonly kind: string
  readonly value: Readonly<Record<string, unknown>>
  /** Where a problem with this object stands in the text. */
  readonly locate: (finding: Finding) => Problem
  /** How a scalar without quotes is written, by its field path. */
  readonly writtenAs: (field: string) => string | undefined
}

/** More syntax errors than these are echoes of the first ones. */
const SYNTAX_ERRORS_SHOWN = 10

/** Whether kinds that this version of Kubernetes does not have are refused, or left to the server to judge. */
export type KindsTaken = 'known' | 'any'

/**
 * Reads all objects of a YAML or JSON text: several documents, and lists taken apart. Empty documents are skipped.
 *
 * @param file what to call the text in positions: a path, or `<stdin>`.
 */
export function parseManifests(text: string, file: string): Parsed<readonly ParsedDocument[]> {
  const { documents, problems } = readManifests(text, file)
  return problems.length === 0 ? { ok: true, value: documents } : { ok: false, problems }
}

/** As parseManifests, but what could be read is there beside the problems of the rest. */
export function readManifests(
  text: string,
  file: string,
  kinds: KindsTaken = 'known',
): { documents: readonly ParsedDocument[]; problems: readonly Problem[] } {
  // Columns count from the first character that one can see.
  const source = new SourceText(file, text.replace(/^\uFEFF/, ''))
  const documents: ParsedDocument[] = []
  const problems: Problem[] = []
  for (const { document, base } of readDocuments(source, problems)) {
    if (document.errors.length > 0) {
      problems.push(
        ...document.errors
          .slice(0, SYNTAX_ERRORS_SHOWN)
          .map((error) => syntaxProblem(error.message, source.position(base + error.pos[0]))),
      )
      continue
    }
    const { root, problems: found } = readYamlDocument(document, base)
    problems.push(...found.map(({ offset, ...problem }) => ({ ...problem, at: source.position(offset) })))
    if (root.value === null) continue
    const taken = takeObjects(root, undefined, { source, kinds })
    documents.push(...taken.documents)
    problems.push(...taken.problems)
  }
  return { documents, problems }
}

function readDocuments(source: SourceText, problems: Problem[]): { document: Document; base: number }[] {
  const { text } = source
  const isJson = /^\s*[{[]/.test(text)
  const pieces = (isJson ? splitJson(text) : undefined) ?? [{ start: 0, end: text.length }]
  return pieces.flatMap(({ start, end }) => {
    const piece = text.slice(start, end)
    try {
      // A tab is white space in JSON and an error in YAML; inside of a JSON string neither has one.
      const documents = parseAllDocuments(isJson ? piece.replaceAll('\t', ' ') : piece, {
        schema: 'failsafe',
        uniqueKeys: false,
        prettyErrors: false,
        logLevel: 'silent',
      })
      return Array.isArray(documents) ? documents.map((document) => ({ document, base: start })) : []
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      problems.push(syntaxProblem('nested too deeply to be read', source.position(start)))
      return []
    }
  })
}

function syntaxProblem(message: string, at: SourcePosition): Problem {
  const sentence = message.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase())
  return { field: '', message: `not valid YAML or JSON: ${sentence}`, reason: 'FieldValueInvalid', at }
}

interface Taken {
  readonly documents: readonly ParsedDocument[]
  readonly problems: readonly Problem[]
}

/** @param assumed the kind of an item in a list that says it for all, such as PodList. */
function takeObjects(
  object: YamlValue,
  assumed: { apiVersion: string; kind: string } | undefined,
  { source, kinds }: { readonly source: SourceText; readonly kinds: KindsTaken },
): Taken {
  const { value, node } = object
  const locate = (finding: Finding): Problem => locateIn(object, finding, source)
  const fail = (field: string, message: string, reason: ProblemReason): Taken => ({
    documents: [],
    problems: [locate({ field, message, reason })],
  })
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return fail('', `must be an object with apiVersion and kind; got ${describe(value)}`, 'FieldValueTypeInvalid')
  }
  const record: Record<string, unknown> = { ...assumed, ...value }
  const { apiVersion, kind } = record
  const unclear = [checkWord(apiVersion, 'apiVersion'), checkWord(kind, 'kind')].filter(
    (finding) => finding !== undefined,
  )
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || unclear.length > 0) {
    return { documents: [], problems: unclear.map(locate) }
  }
  const itemKind = kind.endsWith('List') ? kind.slice(0, -'List'.length) : undefined
  const isList =
    itemKind !== undefined && !isKind(apiVersion, kind) && (itemKind === '' || isKind(apiVersion, itemKind))
  if (!isList) {
    const sentence = kinds === 'any' ? undefined : unknownKindSentence(apiVersion, kind)
    if (sentence !== undefined) return fail('kind', sentence, 'FieldValueNotSupported')
    const writtenAs = (field: string): string | undefined => {
      const place = findNode(node, field)
      return place.found ? place.node.written : undefined
    }
    return { documents: [{ apiVersion, kind, value: record, locate, writtenAs }], problems: [] }
  }
  const items: unknown = record['items'] ?? []
  if (!Array.isArray(items)) return fail('items', `must be a list; got ${describe(items)}`, 'FieldValueTypeInvalid')
  const nodes = node.children?.get('items')?.children
  const taken = items.map((item: unknown, index) =>
    takeObjects(
      { value: item, node: nodes?.get(String(index)) ?? node },
      itemKind === '' ? undefined : { apiVersion, kind: itemKind },
      { source, kinds },
    ),
  )
  return { documents: taken.flatMap((each) => each.documents), problems: taken.flatMap((each) => each.problems) }
}

function checkWord(value: unknown, field: string): Finding | undefined {
  if (typeof value === 'string' && value !== '') return undefined
  if (value === undefined || value === null || value === '') {
    return { field, message: `Required value: an object says its ${field}`, reason: 'FieldValueRequired' }
  }
  return { field, message: `must be text; got ${describe(value)}`, reason: 'FieldValueTypeInvalid' }
}

function isKind(apiVersion: string, kind: string): boolean {
  const kinds = Object.hasOwn(KINDS, apiVersion) ? KINDS[apiVersion] : undefined
  return kinds !== undefined && Object.hasOwn(kinds, kind)
}

function unknownKindSentence(apiVersion: string, kind: string): string | undefined {
  if (isKind(apiVersion, kind)) return undefined
  const sentence = `no matches for kind "${kind}" in version "${apiVersion}"`
  const home = Object.keys(KINDS).find((version) => isKind(version, kind))
  if (home !== undefined) return `${sentence}; it is in "${home}"`
  const near = nearestName(kind, Object.keys(KINDS[apiVersion] ?? KINDS['v1'] ?? {}))
  return near === undefined ? sentence : `${sentence}; did you mean "${near}"?`
}

/** A scalar is shown itself; of anything else, and of what should not be there, the name. */
function locateIn(object: YamlValue, { place, ...problem }: Finding, source: SourceText): Problem {
  const { node, found } = findNode(object.node, place ?? problem.field)
  const showsValue =
    found && node.children === undefined && problem.reason !== 'UnknownField' && problem.reason !== 'NotCarriedOut'
  const offset = showsValue ? node.valueOffset : (node.keyOffset ?? node.valueOffset)
  return { ...problem, at: source.position(offset) }
}
