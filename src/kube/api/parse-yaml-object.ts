import { parseDocument } from 'yaml'
import { Failure } from '../../failure.ts'
import { describe } from './read-scalar.ts'
import { readYamlDocument } from './read-yaml-node.ts'
import { SourceText } from './source-text.ts'

const TOO_DEEP = 'nested too deeply to be read'

/**
 * The one object of a YAML text, of whatever kind: nothing but its form is checked.
 *
 * @throws Failure BadRequest
 */
export function parseYamlObject(text: string): Record<string, unknown> {
  const source = new SourceText('body', text)
  const document = parseYaml(text)
  const [error] = document.errors
  if (error !== undefined) throw notYaml(error.message, source.position(error.pos[0]).line)
  const { root, problems } = readYamlDocument(document, 0)
  const [problem] = problems
  if (problem !== undefined) {
    throw notYaml(`${problem.field}: ${problem.message}`, source.position(problem.offset).line)
  }
  const { value } = root
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw notYaml(`must be an object; got ${describe(value)}`, 1)
}

function parseYaml(text: string): ReturnType<typeof parseDocument> {
  try {
    return parseDocument(text, { schema: 'failsafe', uniqueKeys: false, prettyErrors: false, logLevel: 'error' })
  } catch (thrown) {
    // The parser calls itself for what is nested.
    if (thrown instanceof RangeError) throw notYaml(TOO_DEEP, 1, thrown)
    throw thrown
  }
}

function notYaml(said: string, line: number, cause?: unknown): Failure {
  // The parser may report its own fall as an error of the text.
  const what = said.includes('call stack') ? TOO_DEEP : said
  return new Failure('BadRequest', `error converting YAML to JSON: yaml: line ${line}: ${what}`, { cause })
}
