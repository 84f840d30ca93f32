import { hostname } from 'node:os'
import { messageOf } from '../../failure.ts'
import { sleepUntil } from './clock.ts'
import type { PodWorld } from './pod-world.ts'
import { buildSandboxPlan } from './sandbox-plan.ts'

const AGAIN_AFTER_MS = 1_000

/** Takes every container of the pod off the machine, then what they shared. Volumes and logs stay with the pod. */
export async function removeSandbox(world: PodWorld, signal: AbortSignal): Promise<void> {
  const before = world.observations.seen.sandbox
  world.observations.setSandbox({ is: 'changing' })
  try {
    await Promise.allSettled(world.prepared.values())
    world.prepared.clear()
    await Promise.all([...world.instances.keys()].map((id) => world.parts.runtime.remove(id)))
    world.instances.clear()
    await world.parts.sandboxes.remove(buildSandboxPlan(world.pod, world.paths.sandbox, hostname()))
    world.sandbox = undefined
    world.observations.setSandbox({ is: 'absent' })
  } catch (error) {
    world.event('Warning', 'FailedKillPod', messageOf(error))
    world.parts.log(`pod ${world.name}: remove its sandbox: ${messageOf(error)}; trying again in ${AGAIN_AFTER_MS} ms`)
    await sleepUntil(world.parts.clock, world.parts.clock.nowMs() + AGAIN_AFTER_MS, signal)
    world.observations.setSandbox(before)
  }
}
