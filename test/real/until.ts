import { setTimeout as delay } from 'node:timers/promises'

const LOOK_EVERY_MS = 20

/** Asks until the list is empty, for at most `limitMs`. @returns what is still in it. */
export async function untilNothingIn(
  list: () => Promise<readonly string[]>,
  limitMs = 5_000,
): Promise<readonly string[]> {
  const endsAtMs = performance.now() + limitMs
  for (;;) {
    const left = await list()
    if (left.length === 0 || performance.now() > endsAtMs) return left
    await delay(LOOK_EVERY_MS)
  }
}
