import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, messageOf } from '../../failure.ts'
import type { CgroupLayout } from './cgroup-layout.ts'
import { errnoOf } from './system-call-failure.ts'

/** What the processes of a group, and of all below it, have used. */
export interface CgroupUsage {
  /** CPU time since the group was made. */
  readonly cpuNanoseconds: number
  /** Memory that is held now, without file pages that the kernel could drop at once: Kubernetes' working set. */
  readonly workingSetBytes: number
}

/**
 * Reads three small files of the kernel.
 *
 * @param path below each hierarchy, such as `/peapod/pod1/app`.
 * @returns undefined when there is no such group (any more), or the machine counts one of the two for nobody.
 * @throws Failure SystemCallFailed
 */
export function readCgroupUsage(layout: CgroupLayout, path: string): CgroupUsage | undefined {
  switch (layout.version) {
    case 'none':
      return undefined
    case 1: {
      const [cpu, memory] = [layout.hierarchies.get('cpuacct'), layout.hierarchies.get('memory')]
      if (cpu === undefined || memory === undefined) return undefined
      const texts = readAll(join(cpu, path, 'cpuacct.usage'), [
        join(memory, path, 'memory.usage_in_bytes'),
        join(memory, path, 'memory.stat'),
      ])
      return texts && parseV1Usage(texts)
    }
    case 2: {
      const group = join(layout.root, path)
      const texts = readAll(join(group, 'cpu.stat'), [join(group, 'memory.current'), join(group, 'memory.stat')])
      return texts && parseV2Usage(texts)
    }
  }
}

/** The files' texts. */
interface UsageTexts {
  readonly cpu: string
  readonly memory: string
  readonly memoryStat: string
}

/** From cpuacct.usage, memory.usage_in_bytes and memory.stat. @see Documentation/admin-guide/cgroup-v1 of Linux */
export function parseV1Usage({ cpu, memory, memoryStat }: UsageTexts): CgroupUsage {
  return usageOf(Number(cpu), Number(memory), numberOf(memoryStat, 'total_inactive_file'))
}

/** From cpu.stat, memory.current and memory.stat. @see Documentation/admin-guide/cgroup-v2 of Linux */
export function parseV2Usage({ cpu, memory, memoryStat }: UsageTexts): CgroupUsage {
  return usageOf(numberOf(cpu, 'usage_usec') * 1000, Number(memory), numberOf(memoryStat, 'inactive_file'))
}

/** The kernel counts the parts a moment later than the whole: their difference may be below nothing. */
function usageOf(cpuNanoseconds: number, memoryBytes: number, droppableBytes: number): CgroupUsage {
  return { cpuNanoseconds, workingSetBytes: Math.max(0, memoryBytes - droppableBytes) }
}

/** The number in a line such as `inactive_file 4096`; 0 when the kernel has no such line. */
function numberOf(text: string, key: string): number {
  const start = text.startsWith(`${key} `) ? 0 : text.indexOf(`\n${key} `) + 1
  if (start === 0 && !text.startsWith(`${key} `)) return 0
  return Number.parseInt(text.slice(start + key.length + 1))
}

function readAll(cpu: string, [memory, memoryStat]: readonly [string, string]): UsageTexts | undefined {
  try {
    const read = (file: string): string => readFileSync(file, 'latin1')
    return { cpu: read(cpu), memory: read(memory), memoryStat: read(memoryStat) }
  } catch (error) {
    // ENODEV: the group was removed while it was read.
    if (['ENOENT', 'ENODEV'].includes(errnoOf(error) ?? '')) return undefined
    throw new Failure('SystemCallFailed', `read what a cgroup uses: ${messageOf(error)}`, { cause: error })
  }
}
