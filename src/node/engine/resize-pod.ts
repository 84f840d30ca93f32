import { Failure, messageOf } from '../../failure.ts'
import type { Pod } from '../../kube/api/pod.ts'
import { type Allocation, amountsOf, podAsAllocated } from '../../kube/lifecycle/allocation.ts'
import { resizeMessage } from '../../kube/lifecycle/resize-message.ts'
import { containersToResize } from '../../kube/lifecycle/resize-steps.ts'
import type { ResourcePlan } from '../../machine/runtime/container-runtime.ts'
import { buildContainerResources, buildPodResources } from './container-resources.ts'
import type { PodWorld } from './pod-world.ts'
import { podCgroupPath } from './sandbox-plan.ts'

/**
 * Gives the pod's cgroup and its running containers what they were promised. Those that have to be restarted for it are
 * left to the next passes, which come back here once they run again (Q6).
 */
export async function resizePod(world: PodWorld): Promise<void> {
  const { observations } = world
  const { generation = 1 } = world.pod.metadata
  const asked = observations.seen.resizing?.generation ?? generation
  observations.setResize({ resizing: { generation: asked, step: 'under-way' } })
  const pod = world.promised
  try {
    checkMemory(world, pod)
    await changeLimits(world, pod)
    const isAllDone = containersToResize(world.pod, observations.seen).length === 0
    if (isAllDone) {
      world.parts.sandboxes.changeLimits(podCgroupPath(pod.metadata.uid), buildPodResources(pod))
      world.event('Normal', 'ResizeCompleted', resizeMessage('completed', pod, { generation: asked }))
    }
    observations.setResize({ resizing: isAllDone ? undefined : { generation: asked, step: 'restarting' } })
  } catch (error) {
    const failed = messageOf(error)
    world.event('Warning', 'ResizeError', resizeMessage('error', pod, { generation: asked, error: failed }))
    observations.setResize({
      resizing: { generation: asked, step: { failed, failedAtMs: world.parts.clock.nowMs() } },
    })
  }
}

/** First the pod's cgroup, as large as it is or has to be: no container may be given more than all of them together. */
async function changeLimits(world: PodWorld, pod: Pod): Promise<void> {
  const { observations, parts } = world
  const { uid } = pod.metadata
  const now = podAsAllocated(pod, allocationInForce(world))
  parts.sandboxes.changeLimits(podCgroupPath(uid), larger(buildPodResources(now), buildPodResources(pod)))
  for (const { container, id, isRestarted } of containersToResize(world.pod, observations.seen)) {
    if (isRestarted) continue
    try {
      await parts.runtime.updateResources(id, buildContainerResources(container))
      observations.setAmounts(container.name, amountsOf(container))
    } catch (error) {
      // It has ended meanwhile: the next one is made with what was promised.
      if (!(error instanceof Failure && error.reason === 'NotFound')) throw error
    }
  }
}

/** What the newest instances run with. */
function allocationInForce({ observations: { seen } }: PodWorld): Allocation {
  const known = Object.entries(seen.containers).flatMap(([name, { amounts }]) =>
    amounts === undefined ? [] : [[name, amounts] as const],
  )
  return { ...seen.allocated, ...Object.fromEntries(known) }
}

/** Takes no memory away that is in use: a machine would end programs for it. In the words of a Kubernetes node. */
function checkMemory(world: PodWorld, pod: Pod): void {
  const path = podCgroupPath(pod.metadata.uid)
  const { memoryLimitBytes } = buildPodResources(pod)
  const complaints = [
    ...overused(world, { what: 'pod', path, memoryLimitBytes }),
    ...containersToResize(world.pod, world.observations.seen).flatMap(({ container, id, isRestarted }) => {
      const what = `container ${JSON.stringify(container.name)}`
      return isRestarted ? [] : overused(world, { what, path: `${path}/${id}`, ...buildContainerResources(container) })
    }),
  ]
  if (complaints.length === 0) return
  const all = complaints.length === 1 ? complaints.join() : `[${complaints.join(', ')}]`
  throw new Failure('Conflict', `cannot decrease memory limits: ${all}`)
}

function overused(
  { parts }: PodWorld,
  { what, path, memoryLimitBytes = Infinity }: { what: string; path: string; memoryLimitBytes?: number | undefined },
): string[] {
  if (memoryLimitBytes === Infinity) return []
  const inUse = parts.sandboxes.memoryInUseBytes(path) ?? 0
  if (inUse <= memoryLimitBytes) return []
  return [`attempting to set ${what} memory limit (${memoryLimitBytes}) below current usage (${inUse})`]
}

/** Of each the larger one; what is absent is not limited. All quotas are of the same period. */
function larger(one: ResourcePlan, other: ResourcePlan): ResourcePlan {
  const quota = largerOf(one.cpuQuotaUs, other.cpuQuotaUs)
  const memory = largerOf(one.memoryLimitBytes, other.memoryLimitBytes)
  const shares = largerOf(one.cpuShares, other.cpuShares)
  return {
    ...(shares !== undefined && { cpuShares: shares }),
    ...(quota !== undefined && one.cpuPeriodUs !== undefined && { cpuQuotaUs: quota, cpuPeriodUs: one.cpuPeriodUs }),
    ...(memory !== undefined && { memoryLimitBytes: memory }),
  }
}

function largerOf(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : Math.max(one, other)
}
