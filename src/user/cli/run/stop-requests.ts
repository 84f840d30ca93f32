import { setTimeout as delay } from 'node:timers/promises'
import type { CliEnvironment, InterruptSignal } from '../cli-environment.ts'
import type { StopSignals } from './run-pod.ts'

export type StopReason =
  | { readonly is: 'interrupt'; readonly signal: InterruptSignal }
  | { readonly is: 'timeout' }
  | { readonly is: 'output-closed' }
  | { readonly is: 'failure' }

/** What was asked of the pods so far: each wish is louder than the one before. */
export class StopRequests implements Disposable {
  readonly #stop = new AbortController()
  readonly #kill = new AbortController()
  readonly #leave = new AbortController()
  readonly #ended = new AbortController()
  readonly #forget: (() => void)[] = []
  #reason: StopReason | undefined
  /** Called at each wish with what Ctrl-C does next. */
  onNotice: (text: string) => void = () => undefined

  constructor(environment: Pick<CliEnvironment, 'onInterrupt' | 'stdout'>) {
    this.#forget.push(environment.onInterrupt((signal) => this.#interrupted(signal)))
    const closed = () => this.request({ is: 'output-closed' })
    environment.stdout.on('error', closed)
    this.#forget.push(() => environment.stdout.off('error', closed))
  }

  get signals(): StopSignals {
    return { stop: this.#stop.signal, kill: this.#kill.signal, leave: this.#leave.signal }
  }

  /** Why the first wish came, if one did. */
  get reason(): StopReason | undefined {
    return this.#reason
  }

  request(reason: StopReason): void {
    this.#reason ??= reason
    this.#stop.abort()
  }

  requestAfter(milliseconds: number, notice: string): void {
    delay(milliseconds, undefined, { signal: this.#ended.signal }).then(
      () => {
        if (this.#reason === undefined) this.onNotice(notice)
        this.request({ is: 'timeout' })
      },
      () => undefined,
    )
  }

  [Symbol.dispose](): void {
    this.#ended.abort()
    for (const forget of this.#forget) forget()
  }

  #interrupted(signal: InterruptSignal): void {
    if (!this.#stop.signal.aborted) {
      this.onNotice('stopping… (Ctrl-C again to kill)')
      this.request({ is: 'interrupt', signal })
    } else if (!this.#kill.signal.aborted) {
      this.onNotice('killing… (Ctrl-C again to leave without waiting)')
      this.#kill.abort()
    } else this.#leave.abort()
  }
}
