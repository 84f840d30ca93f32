import { Failure } from '../../../failure.ts'
import type { PodManifest } from '../../../kube/api/parse-pod.ts'
import { allContainers, type Pod } from '../../../kube/api/pod.ts'
import type { ApiClient } from '../../client/open-client.ts'
import { EVENTS, PODS, type PodEvent } from '../../client/resource-type.ts'
import { ContainerLane } from './container-lane.ts'
import { narrateEvent } from './narrate-event.ts'
import { narratePod } from './narrate-pod.ts'
import type { RestartBackOff } from './expected-restart.ts'
import { beginNarration, type Narrated, type Narration } from './narration.ts'
import type { PodNews } from './pod-news.ts'
import { readInstanceLog } from './read-instance-log.ts'
import type { RunOutput } from './run-output.ts'

export interface RunPodOptions {
  readonly client: ApiClient
  readonly output: RunOutput
  readonly logs: boolean
  /** Instead of the pod's own. */
  readonly graceSeconds: number | undefined
  readonly nowMs: () => number
  /** How long the node is taken to keep crashed containers down. */
  readonly backOff: RestartBackOff
  readonly stop: StopSignals
}

/** Three wishes of growing urgency; each one holds for all pods of the command. */
export interface StopSignals {
  /** Delete within the grace period. */
  readonly stop: AbortSignal
  /** Delete with no grace. */
  readonly kill: AbortSignal
  /** Wait no longer. */
  readonly leave: AbortSignal
}

/** How long an exit's line waits for the rest of the output. */
const DRAIN_LIMIT_MS = 5_000

/**
 * Creates one pod, shows what happens to it, and deletes it when it has ended or is to stop.
 *
 * @returns the pod as it was last, when its object is gone; whatever fails, its deletion was asked for.
 */
export async function runPod(wanted: PodManifest, options: RunPodOptions): Promise<Pod> {
  const created = await options.client.create(PODS, wanted)
  const run = new PodRun(created, options)
  try {
    return await run.toTheEnd()
  } catch (error) {
    await run.deleteNow().catch(() => undefined)
    throw error
  } finally {
    run.close()
  }
}

class PodRun {
  readonly #options: RunPodOptions
  readonly #name: { readonly namespace: string; readonly name: string }
  readonly #uid: string
  readonly #lanes: ReadonlyMap<string, ContainerLane>
  /** Ends the watches and the logs; the reason is the first thing that went wrong, if anything did. */
  readonly #end = new AbortController()
  #narration: Narration
  #podLines: Promise<void> = Promise.resolve()
  #failure: { readonly error: unknown } | undefined
  #isOver = false

  constructor(created: Pod, options: RunPodOptions) {
    this.#options = options
    this.#name = { namespace: created.metadata.namespace, name: created.metadata.name }
    this.#uid = created.metadata.uid
    this.#narration = beginNarration(created, options.nowMs(), options.backOff)
    this.#lanes = new Map(allContainers(created).map(({ name }) => [name, this.#laneOf(name)]))
  }

  async toTheEnd(): Promise<Pod> {
    const { stop, kill, leave } = this.#options.stop
    const undo = [
      whenAborted(stop, () => this.#delete(this.#options.graceSeconds)),
      whenAborted(kill, () => this.#delete(0)),
      whenAborted(leave, () => this.#fail(new Failure('Interrupted', `stop waiting for pod "${this.#name.name}"`))),
    ]
    this.#tellOfPod({ is: 'pod-created' })
    const events = this.#followEvents()
    try {
      await this.#followPod()
      await this.#finishLines()
    } finally {
      this.#end.abort()
      for (const forget of undo) forget()
      await events
    }
    return this.#narration.pod
  }

  async deleteNow(): Promise<void> {
    await this.#options.client.delete(PODS, this.#name, { gracePeriodSeconds: 0, preconditions: { uid: this.#uid } })
  }

  close(): void {
    this.#end.abort()
  }

  async #followPod(): Promise<void> {
    const { client, nowMs } = this.#options
    const { pod } = this.#narration
    const changes = client.watch(PODS, {
      namespace: this.#name.namespace,
      fieldSelector: `metadata.name=${this.#name.name}`,
      ...(pod.metadata.resourceVersion === undefined ? {} : { resourceVersion: pod.metadata.resourceVersion }),
      signal: this.#end.signal,
    })
    for await (const { type, object } of changes) {
      if (object.metadata.uid !== this.#uid) continue
      this.#tell(narratePod(this.#narration, object, nowMs()))
      if (type === 'DELETED') return
      this.#deleteWhenOver(object)
    }
    if (this.#failure !== undefined) throw this.#failure.error
  }

  async #followEvents(): Promise<void> {
    const { client, nowMs } = this.#options
    try {
      const changes = client.watch<PodEvent>(EVENTS, { namespace: this.#name.namespace, signal: this.#end.signal })
      for await (const { type, object } of changes) {
        if (type !== 'DELETED') this.#tell(narrateEvent(this.#narration, object, nowMs()))
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  #tell({ narration, news }: Narrated): void {
    this.#narration = narration
    for (const item of news) {
      if (item.container === undefined) this.#tellOfPod(item)
      else this.#lanes.get(item.container)?.tell(item)
    }
  }

  /** A line about the pod follows the lines about its containers that were told before it. */
  #tellOfPod(news: PodNews): void {
    const before = [this.#podLines, ...[...this.#lanes.values()].map((lane) => lane.idle())]
    this.#podLines = Promise.all(before)
      .then(() => this.#options.output.news(this.#name.name, news))
      .catch((error: unknown) => this.#fail(error))
  }

  #deleteWhenOver(pod: Pod): void {
    const phase = pod.status?.phase
    if (this.#isOver || (phase !== 'Succeeded' && phase !== 'Failed')) return
    this.#isOver = true
    // Its logs go with the pod: they are read first. What still runs (a deadline has passed) is stopped by the deletion.
    void this.#podLines.then(() => this.#delete(this.#options.graceSeconds))
  }

  #delete(gracePeriodSeconds: number | undefined): void {
    if (this.#end.signal.aborted) return
    const options = {
      preconditions: { uid: this.#uid },
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    }
    this.#options.client.delete(PODS, this.#name, options).catch((error: unknown) => {
      if (!(error instanceof Failure && error.reason === 'NotFound')) this.#fail(error)
    })
  }

  async #finishLines(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.finish()))
    const phase = this.#narration.pod.status?.phase
    if (phase !== 'Succeeded' && phase !== 'Failed') this.#tellOfPod({ is: 'pod-gone' })
    await this.#podLines
    if (this.#failure !== undefined) throw this.#failure.error
  }

  #laneOf(container: string): ContainerLane {
    const { client, output, logs } = this.#options
    const source = { pod: this.#name.name, container }
    return new ContainerLane({
      print: (news) => output.news(source.pod, news),
      readLog: (instance, over) =>
        logs
          ? readInstanceLog({
              client,
              pod: this.#name,
              container,
              instance,
              over,
              onLines: (lines) => output.lines(source, lines),
              signal: this.#end.signal,
            })
          : Promise.resolve(),
      onError: (error) => this.#fail(error),
      drainLimitMs: DRAIN_LIMIT_MS,
    })
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#end.abort()
  }
}

/** Calls back once, now if it has happened; the returned function forgets it. */
function whenAborted(signal: AbortSignal, then: () => void): () => void {
  if (signal.aborted) then()
  else signal.addEventListener('abort', then, { once: true })
  return () => signal.removeEventListener('abort', then)
}
