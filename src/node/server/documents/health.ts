import { type Answer, textAnswer } from '../answer.ts'
import type { ServerParts } from '../server-parts.ts'
import { NAMESPACES } from '../../store/resources.ts'
import type { DocumentRequest } from './document.ts'

interface HealthQuestion {
  readonly endpoint: 'healthz' | 'livez' | 'readyz'
  /** '' for all checks. */
  readonly check: string
}

/** What is asked of the server's parts; a check that throws has failed. */
const CHECKS: Readonly<Record<string, (parts: ServerParts) => void>> = {
  ping: () => undefined,
  store: ({ store }) => void store.list(NAMESPACES, { limit: 1 }),
}

/** `/livez`, `/livez?verbose`, `/livez/ping`; undefined when there is no such check. */
export function healthDocument(
  parts: ServerParts,
  { query }: DocumentRequest,
  { endpoint, check }: HealthQuestion,
): Answer | undefined {
  const names = check === '' ? Object.keys(CHECKS) : [check]
  const asked = names.filter((name) => check !== '' || !query.getAll('exclude').includes(name))
  if (!names.every((name) => Object.hasOwn(CHECKS, name))) return undefined
  const results = asked.map((name) => ({ name, isGood: passes(parts, name) }))
  const isGood = results.every((result) => result.isGood)
  if (isGood && (check !== '' || !query.has('verbose'))) return textAnswer(200, 'ok')
  const lines = results.map((result) => (result.isGood ? `[+]${result.name} ok` : `[-]${result.name} failed`))
  const last = `${endpoint} check ${isGood ? 'passed' : 'failed'}`
  return textAnswer(isGood ? 200 : 500, `${[...lines, last].join('\n')}\n`)
}

function passes(parts: ServerParts, name: string): boolean {
  try {
    CHECKS[name]?.(parts)
    return true
  } catch (thrown) {
    parts.log(`check "${name}": ${String(thrown)}`)
    return false
  }
}
