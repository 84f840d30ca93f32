import { Failure } from '../../../failure.ts'
import type { KubeObject, ListOptions, ObjectList } from '../../store/store.ts'
import { type Answer, jsonAnswer, statusAnswer } from '../answer.ts'
import { answerForm } from '../answer-form.ts'
import type { ApiRequest } from '../api-request.ts'
import { parseContinueToken, writeContinueToken } from '../continue-token.ts'
import { numberParameter } from '../number-parameter.ts'
import { checkNotTooNew, resourceVersionParameter } from '../resource-version-parameter.ts'
import { parseSelection } from '../selection.ts'
import type { ServerParts } from '../server-parts.ts'
import { failureStatus } from '../status.ts'

/** A list, or a page of one. All pages of a list show the state that the first one was taken from. */
export async function listObjects(parts: ServerParts, request: ApiRequest): Promise<Answer> {
  const { store, clock } = parts
  const { query } = request
  const form = await answerForm(request, 'list', () => clock.nowMs())
  if (query.has('resourceVersionMatch') || query.has('sendInitialEvents')) {
    const { checkListOptions } = await import('../list-options.ts')
    checkListOptions(query, 'list')
  }
  const options = listOptions(request)
  checkNotTooNew(resourceVersionParameter(query), store.resourceVersion)
  const found = listKnown(parts, request, options)
  if (found === undefined) return tooOld(options)
  const { items, resourceVersion, next, remaining } = found
  const metadata = {
    resourceVersion,
    ...(next === undefined ? {} : { continue: writeContinueToken({ resourceVersion, after: next }) }),
    // With a selector the rest is not counted, as in Kubernetes.
    ...(remaining === undefined || hasSelector(request) ? {} : { remainingItemCount: remaining }),
  }
  return jsonAnswer(200, form.list(items, metadata))
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

/** undefined: the state that was asked for is forgotten. */
function listKnown(
  { store }: ServerParts,
  { kind }: ApiRequest,
  options: ListOptions<KubeObject>,
): ObjectList<KubeObject> | undefined {
  try {
    return store.list(kind.resource, options)
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.reason === 'Expired') return undefined
    throw thrown
  }
}

/** 410; for a list that was under way with a token that takes it on, though no longer in the state it began with. */
function tooOld({ after }: ListOptions<KubeObject>): Answer {
  const message =
    after === undefined
      ? 'The resourceVersion for the provided list is too old.'
      : 'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'
  const status = failureStatus(new Failure('Expired', message))
  const metadata = after === undefined ? {} : { continue: writeContinueToken({ resourceVersion: undefined, after }) }
  return statusAnswer(status.code, { ...status, metadata })
}

function hasSelector({ query }: ApiRequest): boolean {
  return (query.get('labelSelector') ?? '') !== '' || (query.get('fieldSelector') ?? '') !== ''
}
