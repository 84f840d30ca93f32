import { Failure } from '../../failure.ts'
import type { KubeObject, ListOptions, Store } from '../store/store.ts'
import { type Answer, statusAnswer } from './answer.ts'
import type { ListMetadata } from './answer-form.ts'
import type { ApiRequest } from './api-request.ts'
import { parseContinueToken, writeContinueToken } from './continue-token.ts'
import { numberParameter } from './number-parameter.ts'
import { checkNotTooNew, resourceVersionParameter } from './resource-version-parameter.ts'
import { parseSelection } from './selection.ts'
import { failureStatus } from './status.ts'

/** What a list's parameters ask for. All pages of a list show the state that the first one was taken from. */
export type Page =
  | { readonly is: 'known'; readonly items: readonly KubeObject[]; readonly metadata: ListMetadata }
  /** That state is forgotten. */
  | { readonly is: 'too-old'; readonly answer: Answer }

/** @throws Failure BadRequest, Timeout */
export function readPage(store: Store, request: ApiRequest): Page {
  const options = listOptions(request)
  checkNotTooNew(resourceVersionParameter(request.query), store.resourceVersion)
  try {
    const { items, resourceVersion, next, remaining } = store.list(request.kind.resource, options)
    const metadata = {
      resourceVersion,
      ...(next === undefined ? {} : { continue: writeContinueToken({ resourceVersion, after: next }) }),
      // With a selector the rest is not counted, as in Kubernetes.
      ...(remaining === undefined || options.matches !== undefined ? {} : { remainingItemCount: remaining }),
    }
    return { is: 'known', items, metadata }
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.reason === 'Expired') return { is: 'too-old', answer: tooOld(options) }
    throw thrown
  }
}

function listOptions(request: ApiRequest): ListOptions<KubeObject> {
  const { query } = request
  const selection = parseSelection(request)
  const limit = numberParameter(query, 'limit')
  const page = { ...selection, limit: limit === undefined || limit <= 0 ? undefined : limit }
  const token = query.get('continue') ?? ''
  const version = resourceVersionParameter(query)
  if (token !== '') {
    if (version !== undefined && version !== '0') {
      throw new Failure('BadRequest', 'specifying resource version is not allowed when using continue')
    }
    const { resourceVersion, after } = parseContinueToken(token)
    return { ...page, atResourceVersion: resourceVersion, after }
  }
  // Without resourceVersionMatch=Exact a version asks for a state that is not older: the newest is none.
  return query.get('resourceVersionMatch') === 'Exact' ? { ...page, atResourceVersion: version } : page
}

const TOO_OLD = 'The resourceVersion for the provided list is too old.'
const CANNOT_CONTINUE =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'

/** 410; for a list that was under way with a token that takes it on, though no longer in the state it began with. */
function tooOld({ after }: ListOptions<KubeObject>): Answer {
  const status = failureStatus(new Failure('Expired', after === undefined ? TOO_OLD : CANNOT_CONTINUE))
  const metadata = after === undefined ? {} : { continue: writeContinueToken({ resourceVersion: undefined, after }) }
  return statusAnswer(status.code, { ...status, metadata })
}
