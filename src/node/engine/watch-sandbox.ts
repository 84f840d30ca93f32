import { sleepUntil } from './clock.ts'
import type { PodWorld } from './pod-world.ts'

const LOOK_EVERY_MS = 10_000

/**
 * Notices when somebody took away a part of what the pod's containers share (S11): the pod then gets a new sandbox. Ends
 * with the pod, or on abort.
 */
export async function watchSandbox(world: PodWorld, signal: AbortSignal): Promise<void> {
  const { clock, sandboxes } = world.parts
  const over = AbortSignal.any([signal, world.left])
  for (;;) {
    await sleepUntil(clock, clock.nowMs() + LOOK_EVERY_MS, over)
    if (over.aborted) return
    const { sandbox } = world.observations.seen
    if (sandbox.is !== 'ready' || (await sandboxes.load(world.paths.sandbox)) !== undefined) continue
    // Meanwhile it may have been removed in good order.
    if (world.observations.seen.sandbox !== sandbox) continue
    world.event('Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.')
    const message = 'a part of the sandbox is gone'
    world.observations.setSandbox({ is: 'failed', message, failedAtMs: clock.nowMs(), attempts: 0 })
  }
}
