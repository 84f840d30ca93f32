import type { Problem } from '../../kube/api/problem.ts'
import { forbidden, notSupported } from '../../kube/api/rules/finding.ts'
import { refusal } from './refusal.ts'

const EXACT = 'Exact'
const NOT_OLDER_THAN = 'NotOlderThan'

/**
 * Checks which parameters of a list or a watch go together.
 *
 * @throws Failure Invalid in the words of the API server
 * @see ValidateListOptions of k8s.io/apimachinery/pkg/apis/meta/internalversion/validation
 */
export function checkListOptions(query: URLSearchParams, verb: 'list' | 'watch'): void {
  const options: Options = {
    match: query.get('resourceVersionMatch') ?? '',
    version: query.get('resourceVersion') ?? '',
    hasContinue: (query.get('continue') ?? '') !== '',
    sendsInitialEvents: query.has('sendInitialEvents'),
  }
  if (options.match === '' && !options.sendsInitialEvents) return
  const problems = verb === 'watch' ? watchProblems(options) : listProblems(options)
  if (problems.length > 0) {
    throw refusal({ group: 'meta.k8s.io', version: 'v1', kind: 'ListOptions', name: '' }, problems)
  }
}

interface Options {
  readonly match: string
  readonly version: string
  readonly hasContinue: boolean
  readonly sendsInitialEvents: boolean
}

function listProblems({ match, version, hasContinue, sendsInitialEvents }: Options): Problem[] {
  const problems: Problem[] = []
  if (match !== '') {
    if (version === '') problems.push(matchForbidden('is forbidden unless resourceVersion is provided'))
    if (hasContinue) problems.push(matchForbidden('is forbidden when continue is provided'))
    if (match !== EXACT && match !== NOT_OLDER_THAN) {
      problems.push(notSupported('resourceVersionMatch', match, [EXACT, NOT_OLDER_THAN, '']))
    }
    if (match === EXACT && version === '0') {
      problems.push(matchForbidden('"exact" is forbidden for resourceVersion "0"'))
    }
  }
  if (sendsInitialEvents) problems.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  return problems
}

function watchProblems({ match, hasContinue, sendsInitialEvents }: Options): Problem[] {
  const problems: Problem[] = []
  if (sendsInitialEvents && match !== NOT_OLDER_THAN) {
    const message = `sendInitialEvents requires setting resourceVersionMatch to ${NOT_OLDER_THAN}`
    problems.push(forbidden('resourceVersionMatch', message))
  }
  if (match === '') return problems
  if (!sendsInitialEvents) problems.push(matchForbidden('is forbidden for watch unless sendInitialEvents is provided'))
  if (match !== NOT_OLDER_THAN) problems.push(notSupported('resourceVersionMatch', match, [NOT_OLDER_THAN]))
  if (hasContinue) problems.push(matchForbidden('is forbidden when continue is provided'))
  return problems
}

function matchForbidden(why: string): Problem {
  return forbidden('resourceVersionMatch', `resourceVersionMatch ${why}`)
}
