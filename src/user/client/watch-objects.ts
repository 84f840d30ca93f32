import { setTimeout as delay } from 'node:timers/promises'
import { Failure, messageOf } from '../../failure.ts'
import type { OpenEndpoint } from './endpoint.ts'
import { queryString, resourcePath, type ApiObject, type ResourceType } from './resource-type.ts'
import { sendForJson, sendRequest } from './send-request.ts'
import { splitLines } from './split-lines.ts'
import { statusFailure } from './status-failure.ts'

export interface WatchOptions {
  readonly namespace?: string
  readonly fieldSelector?: string
  readonly labelSelector?: string
  /** Only what happens after it. Without it the objects that exist come first, each as ADDED. */
  readonly resourceVersion?: string
  /** Ends the watch: the iteration is then over, without an error. */
  readonly signal: AbortSignal
}

export interface ObjectChange<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  /** For DELETED the last state that is known. */
  readonly object: T
}

export interface ObjectList<T> {
  readonly items: readonly T[]
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
}

/** Waits between tries after a failed one, each at most this often in a row: then the watch gives up. */
const RETRY_DELAYS_MS = [100, 300, 1_000, 2_000, 5_000]

/** A watch that stood this long ended for a new reason: counting begins anew. */
const SOUND_WATCH_MS = 10_000

/**
 * Every change of the objects, from one state on, without a gap: a watch that the server closes is taken up again where
 * it stood; one that the server cannot take up again (410) becomes a list whose difference is told.
 *
 * @throws Failure as the server's, or ServiceUnavailable when it stays out of reach for about eight seconds.
 */
export function watchObjects<T extends ApiObject>(
  to: OpenEndpoint,
  type: ResourceType<T>,
  options: WatchOptions,
): AsyncGenerator<ObjectChange<T>, void, undefined> {
  const source: ChangeSource<T> = {
    list: () => listObjects(to, type, options),
    watch: (resourceVersion) => watchOnce(to, type, { ...options, resourceVersion }),
  }
  return followChanges(source, options)
}

/** What changes are made of: the objects, or the rows that show them. */
export interface ChangeSource<T extends ApiObject> {
  list(): Promise<ObjectList<T>>
  watch(resourceVersion: string): AsyncIterable<RawChange<T>>
}

/** See watchObjects. */
export async function* followChanges<T extends ApiObject>(
  source: ChangeSource<T>,
  options: Pick<WatchOptions, 'resourceVersion' | 'signal'>,
): AsyncGenerator<ObjectChange<T>, void, undefined> {
  const known = new Map<string, T>()
  let version = options.resourceVersion
  let failures = 0
  while (!options.signal.aborted) {
    const begunAtMs = performance.now()
    try {
      if (version === undefined) {
        const list = await source.list()
        yield* difference(known, list.items)
        version = list.metadata.resourceVersion
      }
      for await (const change of source.watch(version)) {
        failures = 0
        version = change.object.metadata.resourceVersion ?? version
        if (change.type === 'BOOKMARK') continue
        remember(known, change.type, change.object)
        yield { type: change.type, object: change.object }
      }
      // Closed in good order: servers do so every few minutes. A server that does so at once is asked again slowly.
      failures = performance.now() - begunAtMs > SOUND_WATCH_MS ? 0 : failures + 1
    } catch (error) {
      if (isAborted(options.signal)) return
      if (isGone(error)) version = undefined
      else if (!mayPass(error)) throw error
      failures = performance.now() - begunAtMs > SOUND_WATCH_MS ? 1 : failures + 1
      if (failures > RETRY_DELAYS_MS.length) throw error
    }
    await pause(RETRY_DELAYS_MS[Math.max(0, failures - 1)] ?? 5_000, options.signal)
  }
}

/** Everything that matches, page by page. */
export async function listObjects<T extends ApiObject>(
  to: OpenEndpoint,
  type: ResourceType<T>,
  options: Omit<WatchOptions, 'resourceVersion' | 'signal'> & { readonly signal?: AbortSignal },
): Promise<ObjectList<T>> {
  const items: T[] = []
  let next: string | undefined
  for (;;) {
    const { namespace, fieldSelector, labelSelector } = options
    const path = resourcePath(type, namespace === undefined ? {} : { namespace })
    const page = (await sendForJson(to, {
      method: 'GET',
      path: path + queryString({ fieldSelector, labelSelector, continue: next }),
      what: `list ${type.plural}`,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })) as ObjectList<T>
    items.push(...page.items)
    next = page.metadata.continue === '' ? undefined : page.metadata.continue
    if (next === undefined) return { items, metadata: page.metadata }
  }
}

export type RawChange<T> = { readonly type: ObjectChange<T>['type'] | 'BOOKMARK'; readonly object: T }

export interface WatchRequest extends WatchOptions {
  /** Media types of the changes; absent: JSON. */
  readonly accept?: string
  readonly includeObject?: 'Object'
}

/** One watch, until the server or the signal ends it. */
export async function* watchOnce<T>(
  to: OpenEndpoint,
  type: ResourceType<ApiObject>,
  options: WatchRequest,
): AsyncGenerator<RawChange<T>, void, undefined> {
  const { namespace, signal, accept, ...parameters } = options
  const what = `watch ${type.plural}`
  const path = resourcePath(type, namespace === undefined ? {} : { namespace })
  const query = queryString({ watch: true, allowWatchBookmarks: true, ...parameters })
  const wanted = { method: 'GET', path: path + query, what, signal } as const
  const answer = await sendRequest(to, { ...wanted, ...(accept === undefined ? {} : { accept }) })
  try {
    for await (const line of splitLines(answer)) {
      if (line.length === 0) continue
      const change = JSON.parse(line.toString('utf8')) as RawChange<T> | { type: 'ERROR'; object: { code?: number } }
      if (change.type !== 'ERROR') yield change
      else
        throw statusFailure({
          what,
          statusCode: change.object.code ?? 500,
          body: JSON.stringify({ kind: 'Status', ...change.object }),
        })
    }
  } catch (cause) {
    if (cause instanceof Failure) throw cause
    throw new Failure('ServiceUnavailable', `${what}: the connection broke: ${messageOf(cause)}`, { cause })
  } finally {
    answer.destroy()
  }
}

function* difference<T extends ApiObject>(
  known: Map<string, T>,
  items: readonly T[],
): Generator<ObjectChange<T>, void, undefined> {
  const present = new Set(items.map(keyOf))
  for (const [key, object] of known) {
    if (present.has(key)) continue
    known.delete(key)
    yield { type: 'DELETED', object }
  }
  for (const object of items) {
    const before = known.get(keyOf(object))
    known.set(keyOf(object), object)
    if (before === undefined) yield { type: 'ADDED', object }
    else if (before.metadata.resourceVersion !== object.metadata.resourceVersion) yield { type: 'MODIFIED', object }
  }
}

function remember<T extends ApiObject>(known: Map<string, T>, type: ObjectChange<T>['type'], object: T): void {
  if (type === 'DELETED') known.delete(keyOf(object))
  else known.set(keyOf(object), object)
}

function keyOf(object: ApiObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`
}

function isGone(error: unknown): boolean {
  return error instanceof Failure && (error.reason === 'Gone' || error.reason === 'Expired')
}

/** Worth another try: out of reach or overloaded, now. */
function mayPass(error: unknown): boolean {
  const passing = ['ServiceUnavailable', 'TooManyRequests', 'Timeout', 'InternalError']
  return error instanceof Failure && passing.includes(error.reason)
}

/** A call, because the compiler takes a property that was read for unchanged across an await. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal })
  } catch {
    // Aborted: the loop sees it.
  }
}
