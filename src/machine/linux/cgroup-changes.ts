import type { CgroupLimits, CgroupSetting } from './cgroup-limits.ts'
import { cgroupV1Settings, cgroupV2Settings } from './cgroup-limits.ts'

/** What a version 1 group has now. */
export interface V1MemoryLimits {
  readonly limitBytes: number
  /** Of memory and swap together; undefined where the kernel counts no swap. */
  readonly withSwapBytes: number | undefined
}

const SWAP_FILE = 'memory.memsw.limit_in_bytes'

/**
 * What to write, in order, into the files of a version 1 group that has limits already: what is absent is unlimited from
 * then on. Memory and swap together stay limited as memory is, if they were; the kernel never lets them be less than
 * memory alone, so the larger one goes first on the way up.
 */
export function cgroupV1Changes(limits: CgroupLimits, now: V1MemoryLimits): CgroupSetting[] {
  const { memoryLimitBytes = -1 } = limits
  const settings = cgroupV1Settings({ ...limits, cpuQuotaUs: limits.cpuQuotaUs ?? -1, memoryLimitBytes })
  if (now.withSwapBytes !== now.limitBytes) return settings
  const withSwap: CgroupSetting = { controller: 'memory', file: SWAP_FILE, value: String(memoryLimitBytes) }
  const isRaised = memoryLimitBytes === -1 || memoryLimitBytes > now.limitBytes
  return isRaised ? [withSwap, ...settings] : [...settings, withSwap]
}

/** As cgroupV1Changes, for version 2. Swap has a limit of its own there, which stays. */
export function cgroupV2Changes(limits: CgroupLimits): CgroupSetting[] {
  const { cpuPeriodUs, cpuQuotaUs, memoryLimitBytes } = limits
  const settings = cgroupV2Settings(limits)
  if (cpuQuotaUs === undefined) {
    settings.push({
      controller: 'cpu',
      file: 'cpu.max',
      value: cpuPeriodUs === undefined ? 'max' : `max ${cpuPeriodUs}`,
    })
  }
  if (memoryLimitBytes === undefined) settings.push({ controller: 'memory', file: 'memory.max', value: 'max' })
  return settings
}
