import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CgroupLayout, cgroupLayout } from '../../linux/cgroup-layout.ts'

let knownLayout: CgroupLayout | undefined

/**
 * Whether the kernel killed a process of this group for want of memory: its own count, which, unlike conmon's file, is
 * there as soon as the process is dead. False when the group is gone.
 */
export function wasOutOfMemory(cgroupPath: string | undefined): boolean {
  if (cgroupPath === undefined) return false
  knownLayout ??= cgroupLayout()
  const file = eventsFile(knownLayout, cgroupPath)
  if (file === undefined) return false
  try {
    return parseKills(readFileSync(file, 'utf8')) > 0
  } catch (error) {
    // ENODEV: the group was removed while it was read.
    if (['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  }
}

/** @param events memory.events (version 2) or memory.oom_control (version 1, Linux 4.13 and newer). */
export function parseKills(events: string): number {
  return Number(/^oom_kill (\d+)$/m.exec(events)?.[1] ?? 0)
}

function eventsFile(layout: CgroupLayout, cgroupPath: string): string | undefined {
  if (layout.version === 2) return join(layout.root, cgroupPath, 'memory.events')
  const root = layout.version === 1 ? layout.hierarchies.get('memory') : undefined
  return root === undefined ? undefined : join(root, cgroupPath, 'memory.oom_control')
}
