import { setTimeout as delay } from 'node:timers/promises'
import { type Sample, timed } from './measure.ts'

/** What a pod goes through, as the results call it. */
export const UP = 'created → running'
export const DOWN = 'delete → gone'
export const WHOLE = 'created → running → gone'

/**
 * Between up and down, not counted: a shell needs a moment from its start to its first line, and until that one has set
 * the trap, SIGTERM does nothing to it.
 */
const SETTLE_MS = 50

/** One pod up and down. */
export async function timeUpAndDown(up: () => Promise<unknown>, down: () => Promise<unknown>): Promise<Sample> {
  const upMs = (await timed(up)).ms
  await delay(SETTLE_MS)
  const downMs = (await timed(down)).ms
  return { [UP]: upMs, [DOWN]: downMs, [WHOLE]: upMs + downMs }
}
