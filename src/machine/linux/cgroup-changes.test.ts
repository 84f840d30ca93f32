import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cgroupV1Changes, cgroupV2Changes, type V1MemoryLimits } from './cgroup-changes.ts'
import type { CgroupLimits } from './cgroup-limits.ts'

const WITH_SWAP: V1MemoryLimits = { limitBytes: 100, withSwapBytes: 100 }
const WITHOUT_SWAP: V1MemoryLimits = { limitBytes: 100, withSwapBytes: undefined }
const CPU: CgroupLimits = { cpuShares: 512, cpuQuotaUs: 50_000, cpuPeriodUs: 100_000 }

const written = (settings: readonly { readonly file: string; readonly value: string }[]) =>
  settings.map(({ file, value }) => `${file}=${value}`)

describe('limits of a version 1 group in use are changed', () => {
  const cases: [rule: string, limits: CgroupLimits, now: V1MemoryLimits, expected: string[]][] = [
    [
      'upwards: what the other may not exceed goes first',
      { memoryLimitBytes: 200 },
      WITH_SWAP,
      [
        'memory.memsw.limit_in_bytes=200',
        'cpu.cfs_period_us=100000',
        'cpu.cfs_quota_us=-1',
        'memory.limit_in_bytes=200',
      ],
    ],
    [
      'downwards: the other way round',
      { memoryLimitBytes: 50 },
      WITH_SWAP,
      ['cpu.cfs_period_us=100000', 'cpu.cfs_quota_us=-1', 'memory.limit_in_bytes=50', 'memory.memsw.limit_in_bytes=50'],
    ],
    [
      'to none at all',
      { cpuShares: 2 },
      WITH_SWAP,
      [
        'memory.memsw.limit_in_bytes=-1',
        'cpu.shares=2',
        'cpu.cfs_period_us=100000',
        'cpu.cfs_quota_us=-1',
        'memory.limit_in_bytes=-1',
      ],
    ],
    [
      'where the kernel counts no swap',
      { ...CPU, memoryLimitBytes: 50 },
      WITHOUT_SWAP,
      ['cpu.shares=512', 'cpu.cfs_period_us=100000', 'cpu.cfs_quota_us=50000', 'memory.limit_in_bytes=50'],
    ],
    [
      'where swap has a limit of its own, which stays',
      { ...CPU, memoryLimitBytes: 50 },
      { limitBytes: 100, withSwapBytes: 300 },
      ['cpu.shares=512', 'cpu.cfs_period_us=100000', 'cpu.cfs_quota_us=50000', 'memory.limit_in_bytes=50'],
    ],
  ]
  for (const [rule, limits, now, expected] of cases) {
    it(rule, () => assert.deepEqual(written(cgroupV1Changes(limits, now)), expected))
  }
})

describe('limits of a version 2 group in use are changed', () => {
  const cases: [rule: string, limits: CgroupLimits, expected: string[]][] = [
    ['all', { ...CPU, memoryLimitBytes: 50 }, ['cpu.weight=20', 'cpu.max=50000 100000', 'memory.max=50']],
    ['to none', { cpuShares: 2 }, ['cpu.weight=1', 'cpu.max=max', 'memory.max=max']],
  ]
  for (const [rule, limits, expected] of cases) {
    it(rule, () => assert.deepEqual(written(cgroupV2Changes(limits)), expected))
  }
})
