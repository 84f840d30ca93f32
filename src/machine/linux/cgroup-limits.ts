/** Units are the kernel's; what is absent is not limited. */
export interface CgroupLimits {
  /** CPU time relative to other groups while the CPU is short: 2 to 262144; 1024 stands for one core. */
  readonly cpuShares?: number
  /** CPU time per period, in microseconds. */
  readonly cpuQuotaUs?: number
  /** Default: 100 000. */
  readonly cpuPeriodUs?: number
  readonly memoryLimitBytes?: number
  readonly pidsLimit?: number
}

export interface CgroupSetting {
  readonly controller: 'cpu' | 'memory' | 'pids'
  readonly file: string
  readonly value: string
}

const DEFAULT_PERIOD_US = 100_000

/** What to write, in order, into the files of a version 1 hierarchy. */
export function cgroupV1Settings(limits: CgroupLimits): CgroupSetting[] {
  const settings: CgroupSetting[] = []
  if (limits.cpuShares !== undefined) {
    settings.push({ controller: 'cpu', file: 'cpu.shares', value: String(limits.cpuShares) })
  }
  if (limits.cpuQuotaUs !== undefined) {
    const period = limits.cpuPeriodUs ?? DEFAULT_PERIOD_US
    settings.push({ controller: 'cpu', file: 'cpu.cfs_period_us', value: String(period) })
    settings.push({ controller: 'cpu', file: 'cpu.cfs_quota_us', value: String(limits.cpuQuotaUs) })
  }
  if (limits.memoryLimitBytes !== undefined) {
    settings.push({ controller: 'memory', file: 'memory.limit_in_bytes', value: String(limits.memoryLimitBytes) })
  }
  if (limits.pidsLimit !== undefined) {
    settings.push({ controller: 'pids', file: 'pids.max', value: String(limits.pidsLimit) })
  }
  return settings
}

/** What to write, in order, into the files of a version 2 group. */
export function cgroupV2Settings(limits: CgroupLimits): CgroupSetting[] {
  const settings: CgroupSetting[] = []
  if (limits.cpuShares !== undefined) {
    settings.push({ controller: 'cpu', file: 'cpu.weight', value: String(cpuWeight(limits.cpuShares)) })
  }
  if (limits.cpuQuotaUs !== undefined) {
    const period = limits.cpuPeriodUs ?? DEFAULT_PERIOD_US
    settings.push({ controller: 'cpu', file: 'cpu.max', value: `${limits.cpuQuotaUs} ${period}` })
  }
  if (limits.memoryLimitBytes !== undefined) {
    settings.push({ controller: 'memory', file: 'memory.max', value: String(limits.memoryLimitBytes) })
  }
  if (limits.pidsLimit !== undefined) {
    settings.push({ controller: 'pids', file: 'pids.max', value: String(limits.pidsLimit) })
  }
  return settings
}

/**
 * Version 2's weight (1 to 10000) for version 1's shares (2 to 262144), in a straight line as the kubelet has it.
 * @see KEP-2254
 */
export function cpuWeight(shares: number): number {
  const within = Math.min(Math.max(shares, 2), 262_144)
  return 1 + Math.floor(((within - 2) * 9_999) / 262_142)
}
