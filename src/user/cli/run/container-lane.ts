import { setTimeout as delay } from 'node:timers/promises'
import type { ContainerNews } from './pod-news.ts'
import { neverRan } from './pod-news.ts'

export interface LaneOptions {
  readonly print: (news: ContainerNews) => Promise<void>
  /** Reads one instance's output to its end; `over` settles when the instance is known to have ended. */
  readonly readLog: (instance: number, over: Promise<void>) => Promise<void>
  readonly onError: (error: unknown) => void
  /** How long the line about an exit waits for the rest of the output. */
  readonly drainLimitMs: number
}

/**
 * Puts one container's output and the lines about it into one order: "started", the instance's output, "exited", then the
 * next instance. Nothing here holds up another container.
 */
export class ContainerLane {
  readonly #options: LaneOptions
  readonly #over = new Map<number, PromiseWithResolvers<undefined>>()
  #tail: Promise<void> = Promise.resolve(undefined)
  #reading: Promise<void> = Promise.resolve(undefined)

  constructor(options: LaneOptions) {
    this.#options = options
  }

  tell(news: ContainerNews): void {
    if (news.is === 'exited') {
      this.#overOf(news.instance).resolve(undefined)
      if (!neverRan(news)) this.#queue(() => this.#drained())
    }
    this.#queue(() => this.#options.print(news))
    if (news.is !== 'started') return
    this.#queue(() => {
      this.#reading = this.#options
        .readLog(news.instance, this.#overOf(news.instance).promise)
        .catch(this.#options.onError)
      return Promise.resolve()
    })
  }

  /** Settles when what was told so far is printed. */
  idle(): Promise<void> {
    return this.#tail
  }

  /** The pod is gone: settles when all that there was is printed. */
  async finish(): Promise<void> {
    for (const over of this.#over.values()) over.resolve(undefined)
    this.#queue(() => this.#drained())
    await this.#tail
  }

  #overOf(instance: number): PromiseWithResolvers<undefined> {
    const known = this.#over.get(instance) ?? Promise.withResolvers<undefined>()
    this.#over.set(instance, known)
    return known
  }

  #queue(step: () => Promise<void>): void {
    this.#tail = this.#tail.then(step).catch(this.#options.onError)
  }

  async #drained(): Promise<void> {
    const waiting = new AbortController()
    const limit = delay(this.#options.drainLimitMs, 'limit', { signal: waiting.signal }).catch(() => 'stopped')
    await Promise.race([this.#reading.then(() => 'read'), limit])
    waiting.abort()
  }
}
