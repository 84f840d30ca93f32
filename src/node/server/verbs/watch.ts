import { jsonOf } from '../../store/object-json.ts'
import type { KubeObject, Resource, Selection, Store, WatchEvent } from '../../store/store.ts'
import type { Answer } from '../answer.ts'
import type { ApiRequest } from '../api-request.ts'
import { isSet, numberParameter } from '../number-parameter.ts'
import { resourceVersionParameter } from '../resource-version-parameter.ts'
import { parseSelection } from '../selection.ts'
import type { ServerParts } from '../server-parts.ts'
import { failureStatus } from '../status.ts'

/** As Kubernetes: a watch that says nothing says at least how far it has come. */
const BOOKMARK_EVERY_MS = 60_000
/** Kubernetes ends watches after 30 to 60 minutes, so that clients do not stay on one server for ever. */
const DEFAULT_TIMEOUT_SECONDS = 45 * 60
/** setTimeout knows no longer time. */
const LONGEST_TIMEOUT_SECONDS = 2_147_483

/** Changes as they happen, a JSON document per line. */
export function watchObjects({ store }: ServerParts, request: ApiRequest): Answer {
  const { query, kind } = request
  const timeoutSeconds = Math.min(
    numberParameter(query, 'timeoutSeconds') ?? DEFAULT_TIMEOUT_SECONDS,
    LONGEST_TIMEOUT_SECONDS,
  )
  const wanted: Wanted = {
    resource: kind.resource,
    selection: parseSelection(request),
    from: resourceVersionParameter(query),
    withBookmarks: isSet(query, 'allowWatchBookmarks'),
    withInitialEvents: query.has('sendInitialEvents') ? isSet(query, 'sendInitialEvents') : undefined,
    timeoutMs: Math.max(timeoutSeconds, 0) * 1000,
    signal: request.signal,
  }
  return { is: 'stream', contentType: 'application/json', parts: watchLines(store, wanted) }
}

interface Wanted {
  readonly resource: Resource
  readonly selection: Selection<KubeObject>
  readonly from: string | undefined
  readonly withBookmarks: boolean
  /** undefined: only a watch that names no version begins with what there is. */
  readonly withInitialEvents: boolean | undefined
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

async function* watchLines(store: Store, wanted: Wanted): AsyncGenerator<string, void, undefined> {
  const { resource, selection, withBookmarks } = wanted
  const end = new AbortController()
  const stop = (): void => end.abort()
  const timer = setTimeout(stop, wanted.timeoutMs)
  wanted.signal.addEventListener('abort', stop)
  try {
    const { initial, from } = startOf(store, wanted)
    for (const object of initial) yield eventLine({ type: 'ADDED', object, resourceVersion: from }, resource)
    if (wanted.withInitialEvents === true && withBookmarks) yield bookmarkLine(resource, from, true)
    const bookmarkEveryMs = withBookmarks ? BOOKMARK_EVERY_MS : undefined
    const options = { resource, ...selection, fromResourceVersion: from, signal: end.signal, bookmarkEveryMs }
    for await (const event of store.watch(options)) yield eventLine(event, resource)
  } catch (thrown) {
    // The answer has begun with 200: Kubernetes' clients look for an event of type ERROR.
    yield `{"type":"ERROR","object":${JSON.stringify(failureStatus(thrown))}}\n`
  } finally {
    clearTimeout(timer)
    wanted.signal.removeEventListener('abort', stop)
  }
}

/** What the watch tells first, and after which version it goes on. */
function startOf(store: Store, wanted: Wanted): { readonly initial: readonly KubeObject[]; readonly from: string } {
  const { resource, selection } = wanted
  // Version 0 means: from any state, so from the newest.
  const from = wanted.from === '0' ? undefined : wanted.from
  if (wanted.withInitialEvents ?? from === undefined) {
    const { items, resourceVersion } = store.list(resource, selection)
    return { initial: items, from: resourceVersion }
  }
  return { initial: [], from: wanted.from === '0' ? store.resourceVersion : (wanted.from ?? store.resourceVersion) }
}

/** The object's text is written once, however many watches send it. */
function eventLine(event: WatchEvent<KubeObject>, resource: Resource): string {
  if (event.type === 'BOOKMARK') return bookmarkLine(resource, event.resourceVersion, false)
  return `{"type":"${event.type}","object":${jsonOf(event.object)}}\n`
}

function bookmarkLine(resource: Resource, resourceVersion: string, isEndOfInitialEvents: boolean): string {
  const { group, version, kind } = resource
  const annotations = { 'k8s.io/initial-events-end': 'true' }
  const metadata = { resourceVersion, ...(isEndOfInitialEvents ? { annotations } : {}) }
  const object = { kind, apiVersion: group === '' ? version : `${group}/${version}`, metadata }
  return `${JSON.stringify({ type: 'BOOKMARK', object })}\n`
}
