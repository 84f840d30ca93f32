import { Failure } from '../../../failure.ts'
import { changeCgroup } from '../../linux/change-cgroup.ts'
import type { ResourcePlan } from '../container-runtime.ts'
import { observeContainer, readPlan } from './container-record.ts'
import { containerFiles, type RuntimeLayout } from './runtime-layout.ts'

/**
 * Writes the limits where the runtimes would: the same for crun and runc, and a hundred times faster than running either
 * of them.
 */
export function updateResources(layout: RuntimeLayout, id: string, resources: ResourcePlan): void {
  const plan = readPlan(containerFiles(layout, id))
  if (plan === undefined || observeContainer(layout, id)?.is !== 'running') {
    throw new Failure('NotFound', `limit container "${id}": it does not run`)
  }
  changeCgroup(plan.cgroupPath, resources)
}
