import type { KubeObject, Resource, Selection, Store } from '../../store/store.ts'
import type { Answer } from '../answer.ts'
import { type AnswerForm, answerForm } from '../answer-form.ts'
import type { ApiRequest } from '../api-request.ts'
import { isSet, numberParameter } from '../number-parameter.ts'
import { checkNotTooNew, resourceVersionParameter } from '../resource-version-parameter.ts'
import { parseSelection } from '../selection.ts'
import type { ServerParts } from '../server-parts.ts'
import { failureStatus } from '../status.ts'

/** As Kubernetes: a watch that says nothing says at least how far it has come. */
const BOOKMARK_EVERY_MS = 60_000
/** Kubernetes ends watches after 30 to 60 minutes, so that clients do not stay on one server for ever. */
const SHORTEST_DEFAULT_SECONDS = 30 * 60
/** setTimeout knows no longer time. */
const LONGEST_TIMEOUT_SECONDS = 2_147_483

/** Changes as they happen, a JSON document per line. */
export async function watchObjects(
  { store, clock, bookmarkEveryMs }: ServerParts,
  request: ApiRequest,
): Promise<Answer> {
  const { query, kind } = request
  const form = await answerForm(request, 'one', () => clock.nowMs())
  if (query.has('resourceVersionMatch') || query.has('sendInitialEvents')) {
    const { checkListOptions } = await import('../list-options.ts')
    checkListOptions(query, 'watch')
  }
  const wanted: Wanted = {
    resource: kind.resource,
    selection: parseSelection(request),
    form,
    from: resourceVersionParameter(query),
    bookmarkEveryMs: isSet(query, 'allowWatchBookmarks') ? (bookmarkEveryMs ?? BOOKMARK_EVERY_MS) : undefined,
    withInitialEvents: query.has('sendInitialEvents') ? isSet(query, 'sendInitialEvents') : undefined,
    timeoutMs: timeoutSeconds(query) * 1000,
    signal: request.signal,
  }
  if (wanted.withInitialEvents === true) checkNotTooNew(wanted.from, store.resourceVersion)
  return { is: 'stream', contentType: 'application/json', parts: watchLines(store, wanted) }
}

/** Watches that begin together do not end together, or all their clients would come back at once. */
function timeoutSeconds(query: URLSearchParams): number {
  const asked = numberParameter(query, 'timeoutSeconds') ?? 0
  return asked > 0 ? Math.min(asked, LONGEST_TIMEOUT_SECONDS) : SHORTEST_DEFAULT_SECONDS * (1 + Math.random())
}

interface Wanted {
  readonly resource: Resource
  readonly selection: Selection<KubeObject>
  readonly form: AnswerForm
  readonly from: string | undefined
  /** undefined: the client wants none. */
  readonly bookmarkEveryMs: number | undefined
  /** undefined: only a watch that names no version begins with what there is. */
  readonly withInitialEvents: boolean | undefined
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

async function* watchLines(store: Store, wanted: Wanted): AsyncGenerator<string, void, undefined> {
  const { resource, selection, form, bookmarkEveryMs } = wanted
  const end = new AbortController()
  const stop = (): void => end.abort()
  const timer = setTimeout(stop, wanted.timeoutMs)
  wanted.signal.addEventListener('abort', stop)
  try {
    const { initial, from } = startOf(store, wanted)
    for (const object of initial) yield line('ADDED', form.event(object))
    if (wanted.withInitialEvents === true && bookmarkEveryMs !== undefined) {
      const annotations = { 'k8s.io/initial-events-end': 'true' }
      yield line('BOOKMARK', form.bookmark({ resourceVersion: from, annotations }))
    }
    const options = { resource, ...selection, fromResourceVersion: from, signal: end.signal, bookmarkEveryMs }
    for await (const event of store.watch(options)) {
      const { type, resourceVersion } = event
      yield line(type, type === 'BOOKMARK' ? form.bookmark({ resourceVersion }) : form.event(event.object))
    }
  } catch (thrown) {
    // The answer has begun with 200: Kubernetes' clients look for an event of type ERROR.
    yield line('ERROR', JSON.stringify(failureStatus(thrown)))
  } finally {
    clearTimeout(timer)
    wanted.signal.removeEventListener('abort', stop)
  }
}

/** What the watch tells first, and after which version it goes on. */
function startOf(store: Store, wanted: Wanted): { readonly initial: readonly KubeObject[]; readonly from: string } {
  const { resource, selection } = wanted
  // Version 0 means: from any state, so from the newest.
  const { from = '0', withInitialEvents = from === '0' } = wanted
  if (withInitialEvents) {
    const { items, resourceVersion } = store.list(resource, selection)
    return { initial: items, from: resourceVersion }
  }
  return { initial: [], from: from === '0' ? store.resourceVersion : from }
}

function line(type: string, object: string): string {
  return `{"type":"${type}","object":${object}}\n`
}
