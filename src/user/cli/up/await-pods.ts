import { setTimeout as delay } from 'node:timers/promises'
import type { Pod } from '../../../kube/api/pod.ts'
import type { ApiClient } from '../../client/open-client.ts'
import { EVENTS, PODS, type PodEvent } from '../../client/resource-type.ts'
import { Failure } from '../../../failure.ts'
import { narrateEvent } from '../run/narrate-event.ts'
import { narratePod } from '../run/narrate-pod.ts'
import { beginNarration, type Narrated, type Narration } from '../run/narration.ts'
import type { PodNews } from '../run/pod-news.ts'
import { startVerdict, type StartVerdict } from './start-verdict.ts'

/** A Pod that was applied. */
export interface AwaitedPod {
  readonly pod: Pod
  /** What happened to one that was there before is no news. */
  readonly isNew: boolean
}

export interface AwaitOptions {
  readonly client: ApiClient
  readonly onNews: (pod: Pod, news: PodNews) => void
  readonly nowMs: () => number
  readonly signal: AbortSignal
}

export interface PodOutcome {
  /** As it was seen last. */
  readonly pod: Pod
  readonly verdict: StartVerdict
}

/**
 * Follows Pods until all are up, or the first one cannot come up, or the signal.
 *
 * @returns what became of each, in the given order.
 */
export async function awaitPods(awaited: readonly AwaitedPod[], options: AwaitOptions): Promise<readonly PodOutcome[]> {
  const end = new AbortController()
  const waiting = new PodsWaited(awaited, { ...options, signal: AbortSignal.any([options.signal, end.signal]) })
  const namespaces = new Set(awaited.map(({ pod }) => pod.metadata.namespace))
  const following = [...namespaces].flatMap((namespace) => [
    waiting.followPods(namespace),
    waiting.followEvents(namespace),
  ])
  try {
    await Promise.race([waiting.decided, Promise.all(following)])
  } finally {
    end.abort()
    await Promise.allSettled(following)
  }
  return waiting.outcomes()
}

/** A container that crashes at its start has done so by then. */
const SETTLE_MS = 1_000
/** Instants in a status are whole seconds. */
const INSTANT_MS = 1_000

class PodsWaited {
  readonly #options: AwaitOptions
  readonly #narrations = new Map<string, Narration>()
  readonly #old: ReadonlySet<string>
  /** When each was seen to be up, by the clock of performance.now. */
  readonly #upSinceMs = new Map<string, number>()
  readonly #decided = Promise.withResolvers<undefined>()

  constructor(awaited: readonly AwaitedPod[], options: AwaitOptions) {
    this.#options = options
    this.#old = new Set(awaited.filter(({ isNew }) => !isNew).map(({ pod }) => pod.metadata.uid))
    for (const { pod, isNew } of awaited) {
      const begun = beginNarration(bare(pod), options.nowMs())
      this.#narrations.set(pod.metadata.uid, isNew ? begun : { ...begun, wasReady: true })
    }
    this.#decide()
  }

  get decided(): Promise<undefined> {
    return this.#decided.promise
  }

  outcomes(): readonly PodOutcome[] {
    return [...this.#narrations.values()].map(({ pod }) => ({ pod, verdict: startVerdict(pod) }))
  }

  async followPods(namespace: string): Promise<void> {
    const { client, nowMs, signal } = this.#options
    for await (const { type, object } of client.watch(PODS, { namespace, signal })) {
      const before = this.#narrations.get(object.metadata.uid)
      if (before === undefined) continue
      // Gone without a word of why: whoever deleted it knows.
      const seen = type === 'DELETED' ? deleted(object, nowMs()) : object
      this.#tell(narratePod(before, seen, nowMs()))
      this.#decide()
    }
  }

  /** Without the right to see events there is less to tell, and all the same to wait for. */
  async followEvents(namespace: string): Promise<void> {
    const { client, signal } = this.#options
    try {
      const { items, metadata } = await client.list<PodEvent>(EVENTS, { namespace })
      for (const event of items) this.#tellEvent(event, this.#old.has(event.involvedObject.uid ?? ''))
      const from = { namespace, resourceVersion: metadata.resourceVersion, signal }
      for await (const { type, object } of client.watch<PodEvent>(EVENTS, from)) {
        if (type !== 'DELETED') this.#tellEvent(object, false)
      }
    } catch (error) {
      if (!(error instanceof Failure && error.reason === 'Forbidden')) throw error
    }
  }

  #tellEvent(event: PodEvent, isOld: boolean): void {
    const before = this.#narrations.get(event.involvedObject.uid ?? '')
    if (before === undefined) return
    const { narration, news } = narrateEvent(before, event, this.#options.nowMs())
    this.#tell({ narration, news: isOld ? [] : news })
  }

  #tell({ narration, news }: Narrated): void {
    this.#narrations.set(narration.pod.metadata.uid, narration)
    for (const item of news) this.#options.onNews(narration.pod, item)
  }

  #decide(): void {
    const verdicts = this.outcomes().map(({ pod, verdict }) => {
      if (verdict.is !== 'up') this.#upSinceMs.delete(pod.metadata.uid)
      return verdict.is === 'up' && !this.#isSettled(pod) ? 'waiting' : verdict.is
    })
    if (verdicts.includes('failed') || !verdicts.includes('waiting')) this.#decided.resolve(undefined)
  }

  /** Without a probe a container is ready as soon as it runs, and may end the next moment: it is looked at once more. */
  #isSettled(pod: Pod): boolean {
    const { nowMs, signal } = this.#options
    const unproven = pod.status?.phase === 'Running' ? unprovenStarts(pod) : []
    if (unproven.every((startedAtMs) => nowMs() - startedAtMs > SETTLE_MS + INSTANT_MS)) return true
    const sinceMs = this.#upSinceMs.get(pod.metadata.uid)
    if (sinceMs !== undefined) return performance.now() - sinceMs >= SETTLE_MS
    this.#upSinceMs.set(pod.metadata.uid, performance.now())
    delay(SETTLE_MS, undefined, { signal }).then(
      () => this.#decide(),
      () => undefined,
    )
    return false
  }
}

/** When the containers started that nothing but their running says are ready. */
function unprovenStarts({ spec, status }: Pod): readonly number[] {
  const unproven = spec.containers.filter(({ readinessProbe }) => readinessProbe === undefined)
  return unproven.flatMap(({ name }) => {
    const running = status?.containerStatuses?.find((one) => one.name === name)?.state?.running
    return running === undefined ? [] : [Date.parse(running.startedAt ?? '') || 0]
  })
}

/** Nothing of it was told yet, so everything that its status says is news. */
function bare({ apiVersion, kind, metadata, spec }: Pod): Pod {
  return { apiVersion, kind, metadata, spec }
}

function deleted(pod: Pod, nowMs: number): Pod {
  if (pod.metadata.deletionTimestamp !== undefined) return pod
  return { ...pod, metadata: { ...pod.metadata, deletionTimestamp: new Date(nowMs).toISOString() } }
}
