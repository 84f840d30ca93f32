import { messageOf } from '../../failure.ts'
import { type Clock, sleepUntil } from './clock.ts'

/** Something that a server does again and again, beside its pods. */
export interface Chore {
  /** For the log, when it fails: `remove old Events`. */
  readonly what: string
  /** From the server's start to its first begin; absent: none. */
  readonly afterMs?: number
  /** From its end to its next begin. */
  readonly everyMs: number
  readonly work: (signal: AbortSignal) => Promise<unknown>
}

/** Does every chore at its period, until the signal aborts. One that fails is done again all the same. */
export async function keepHouse(
  chores: readonly Chore[],
  { clock, log }: { readonly clock: Clock; readonly log: (line: string) => void },
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(chores.map((chore) => repeat(chore, { clock, log }, signal)))
}

async function repeat(
  chore: Chore,
  { clock, log }: { readonly clock: Clock; readonly log: (line: string) => void },
  signal: AbortSignal,
): Promise<void> {
  let complaint = ''
  if (chore.afterMs !== undefined) await sleepUntil(clock, clock.nowMs() + chore.afterMs, signal)
  while (!signal.aborted) {
    const failure = await chore.work(signal).then(
      () => '',
      // What the end of the server cut short has not failed.
      (error: unknown) => (signal.aborted ? '' : messageOf(error)),
    )
    if (failure !== '' && failure !== complaint) log(`${chore.what}: ${failure}`)
    complaint = failure
    await sleepUntil(clock, clock.nowMs() + chore.everyMs, signal)
  }
}
