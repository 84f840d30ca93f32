import { watch } from 'node:fs'
import { dirname } from 'node:path'

/** A kernel's word can get lost, or there is none to be had: then it is looked this often. The kubelet does so too. */
const LOOK_AGAIN_MS = 1_000
const LOOK_UNWATCHED_MS = 100

/** Lets a reader wait until a file may have grown. A change while it is not waiting is not lost. */
export class FileChanges implements Disposable {
  #changed = false
  #resume: (() => void) | undefined
  #isWatched = true
  readonly #forget: (() => void)[] = []

  /** @param whenChanged other news that end the wait, such as that the writer is done. */
  constructor(file: string, whenChanged: (callback: () => void) => () => void, signal: AbortSignal) {
    const notify = (): void => {
      this.#changed = true
      this.#resume?.()
    }
    signal.addEventListener('abort', notify, { once: true })
    this.#forget.push(() => signal.removeEventListener('abort', notify), whenChanged(notify))
    try {
      // The folder, not the file: it also sees the file replaced. One folder holds the few logs of one container.
      const watcher = watch(dirname(file), notify)
      watcher.on('error', () => (this.#isWatched = false))
      this.#forget.push(() => watcher.close())
    } catch {
      // The machine has no more watches to give (ENOSPC, EMFILE), or the folder went: looking finds out as well.
      this.#isWatched = false
    }
  }

  /** @returns whether something changed since the last call; false when nothing did for so long. */
  async next(limitMs: number): Promise<boolean> {
    if (!this.#changed) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(limitMs, this.#isWatched ? LOOK_AGAIN_MS : LOOK_UNWATCHED_MS))
        this.#resume = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.#resume = undefined
    }
    const changed = this.#changed
    this.#changed = false
    return changed
  }

  [Symbol.dispose](): void {
    for (const forget of this.#forget) forget()
  }
}
