import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, messageOf } from '../../failure.ts'
import { cgroupV1Changes, cgroupV2Changes, type V1MemoryLimits } from './cgroup-changes.ts'
import type { CgroupLayout } from './cgroup-layout.ts'
import type { CgroupLimits, CgroupSetting } from './cgroup-limits.ts'
import { layoutOfMachine } from './cgroups.ts'
import { errnoOf } from './system-call-failure.ts'

/**
 * Gives a group that is in use other limits, at once; CPU and memory that are absent are not limited any more. Version 1
 * refuses a memory limit below what the group holds; version 2 ends its processes for it.
 *
 * @param path below each hierarchy, such as `/peapod/pod1/app`.
 * @throws Failure SystemCallFailed; what was written before stays.
 */
export function changeCgroup(path: string, limits: CgroupLimits, layout = layoutOfMachine()): void {
  switch (layout.version) {
    case 'none':
      throw new Failure('SystemCallFailed', `limit cgroup "${path}": no cgroup file system is mounted`)
    case 1: {
      const now = v1MemoryLimits(directoryOf(layout, 'memory', path))
      for (const setting of cgroupV1Changes(limits, now)) write(directoryOf(layout, setting.controller, path), setting)
      return
    }
    case 2:
      for (const setting of cgroupV2Changes(limits)) write(join(layout.root, path), setting)
  }
}

/** The memory that a group and all below it hold now, caches included; undefined where nobody counts it. */
export function memoryInUseBytes(path: string, layout = layoutOfMachine()): number | undefined {
  switch (layout.version) {
    case 'none':
      return undefined
    case 1:
      return readNumber(join(directoryOf(layout, 'memory', path) ?? '/', 'memory.usage_in_bytes'))
    case 2:
      return readNumber(join(layout.root, path, 'memory.current'))
  }
}

function directoryOf(layout: CgroupLayout & { version: 1 }, controller: string, path: string): string | undefined {
  const root = layout.hierarchies.get(controller)
  return root === undefined ? undefined : join(root, path)
}

function v1MemoryLimits(directory: string | undefined): V1MemoryLimits {
  const limit = (file: string): number | undefined =>
    directory === undefined ? undefined : readNumber(join(directory, file))
  return {
    limitBytes: limit('memory.limit_in_bytes') ?? -1,
    withSwapBytes: limit('memory.memsw.limit_in_bytes'),
  }
}

function readNumber(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'latin1'))
  } catch (error) {
    // ENODEV: the group was removed while it was read.
    if (['ENOENT', 'ENODEV'].includes(errnoOf(error) ?? '')) return undefined
    throw new Failure('SystemCallFailed', `read "${file}": ${messageOf(error)}`, { cause: error })
  }
}

function write(directory: string | undefined, { controller, file, value }: CgroupSetting): void {
  // A machine without the controller limits nothing, and could not be asked to.
  if (directory === undefined && value === '-1') return
  const path = join(directory ?? `/no ${controller} controller`, file)
  try {
    writeFileSync(path, value)
  } catch (error) {
    throw new Failure('SystemCallFailed', `change the limit, write "${value}" to "${path}": ${messageOf(error)}`, {
      cause: error,
    })
  }
}
