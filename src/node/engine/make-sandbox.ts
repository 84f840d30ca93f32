import { mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { messageOf } from '../../failure.ts'
import { makeVolumes } from './make-volumes.ts'
import type { PodWorld } from './pod-world.ts'
import { buildSandboxPlan } from './sandbox-plan.ts'

/** Volumes and sandbox: everything that must be there before the first container (S1, S14). */
export async function makeSandbox(world: PodWorld, attempt: number, signal: AbortSignal): Promise<void> {
  const before = world.observations.seen.sandbox
  const attempts = (before.is === 'failed' ? before.attempts : 0) + 1
  const { sourceChanges = 0 } = world.observations.seen
  world.observations.setSandbox({ is: 'changing' })
  const fail = (reason: string, error: unknown): void => {
    // The engine ends: the next one finds it half made.
    if (signal.aborted && world.parts.outlived !== undefined) return
    world.event('Warning', reason, messageOf(error))
    world.observations.setSandbox({
      is: 'failed',
      message: messageOf(error),
      failedAtMs: world.parts.clock.nowMs(),
      attempts,
      sourceChanges,
    })
  }
  try {
    world.remember()
    await mkdir(world.paths.sandbox, { recursive: true, mode: 0o711 })
    world.volumes = await makeVolumes(world)
  } catch (error) {
    fail('FailedMount', error)
    return
  }
  try {
    const plan = buildSandboxPlan(world.promised, world.paths.sandbox, hostname())
    // What is left of one that was lost.
    if (before.is === 'failed') await world.parts.sandboxes.remove(plan)
    world.sandbox = await world.parts.sandboxes.create(plan, signal)
  } catch (error) {
    fail('FailedCreatePodSandBox', error)
    return
  }
  world.observations.setSandbox({
    is: 'ready',
    attempt,
    podIPs: world.sandbox.podIPs,
    hostIPs: world.sandbox.hostIPs,
    readyAtMs: world.parts.clock.nowMs(),
  })
}
