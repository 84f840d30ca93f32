import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cgroupDirectories, computeCgroupLayout } from './cgroup-layout.ts'
import { cgroupV1Settings, cgroupV2Settings, cpuWeight } from './cgroup-limits.ts'
import { parseMountinfo } from './mounts-below.ts'

const TMPFS = '31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755'
const CPU = '32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct'
const MEMORY = '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory'
const SYSTEMD = '40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd'
const UNIFIED = '41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate'
const PURE = '29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot'

describe('cgroup layout', () => {
  const layoutOf = (...lines: string[]) =>
    computeCgroupLayout(parseMountinfo(lines.join('\n')), () => 'cpu memory pids\n')

  it('version 2: one hierarchy', () => {
    const layout = layoutOf(PURE)
    assert.deepEqual(layout, { version: 2, root: '/sys/fs/cgroup', controllers: ['cpu', 'memory', 'pids'] })
    assert.deepEqual(cgroupDirectories(layout, '/peapod/a'), ['/sys/fs/cgroup/peapod/a'])
  })

  it('hybrid is version 1 with a second place for processes', () => {
    const layout = layoutOf(TMPFS, CPU, MEMORY, SYSTEMD, UNIFIED)
    assert.deepEqual(layout, {
      version: 1,
      hierarchies: new Map([
        ['cpu', '/sys/fs/cgroup/cpu,cpuacct'],
        ['cpuacct', '/sys/fs/cgroup/cpu,cpuacct'],
        ['memory', '/sys/fs/cgroup/memory'],
        ['name=systemd', '/sys/fs/cgroup/systemd'],
      ]),
      unified: '/sys/fs/cgroup/unified',
    })
    assert.deepEqual(cgroupDirectories(layout, '/p'), [
      '/sys/fs/cgroup/cpu,cpuacct/p',
      '/sys/fs/cgroup/memory/p',
      '/sys/fs/cgroup/systemd/p',
      '/sys/fs/cgroup/unified/p',
    ])
  })

  it('a second mount of a hierarchy changes nothing', () => {
    assert.deepEqual(layoutOf(MEMORY, MEMORY.replace('/sys/fs/cgroup', '/mnt')), layoutOf(MEMORY))
  })

  it('a machine without any', () => {
    assert.deepEqual(layoutOf('1 0 0:1 / / rw - ext4 /dev/vda rw'), { version: 'none' })
    assert.deepEqual(cgroupDirectories({ version: 'none' }, '/p'), [])
  })
})

describe('cgroup limits', () => {
  const cases: [rule: string, Parameters<typeof cgroupV1Settings>[0], v1: string[], v2: string[]][] = [
    ['nothing asked, nothing written', {}, [], []],
    ['shares', { cpuShares: 1024 }, ['cpu/cpu.shares=1024'], ['cpu/cpu.weight=39']],
    [
      'half a core, in the default period',
      { cpuQuotaUs: 50_000 },
      ['cpu/cpu.cfs_period_us=100000', 'cpu/cpu.cfs_quota_us=50000'],
      ['cpu/cpu.max=50000 100000'],
    ],
    [
      'a period of its own, written before the quota that it allows',
      { cpuQuotaUs: 5_000, cpuPeriodUs: 10_000 },
      ['cpu/cpu.cfs_period_us=10000', 'cpu/cpu.cfs_quota_us=5000'],
      ['cpu/cpu.max=5000 10000'],
    ],
    [
      'memory and processes',
      { memoryLimitBytes: 67_108_864, pidsLimit: 100 },
      ['memory/memory.limit_in_bytes=67108864', 'pids/pids.max=100'],
      ['memory/memory.max=67108864', 'pids/pids.max=100'],
    ],
  ]
  for (const [rule, limits, v1, v2] of cases) {
    it(rule, () => {
      const written = (settings: ReturnType<typeof cgroupV1Settings>) =>
        settings.map(({ controller, file, value }) => `${controller}/${file}=${value}`)
      assert.deepEqual([written(cgroupV1Settings(limits)), written(cgroupV2Settings(limits))], [v1, v2])
    })
  }

  it('turns shares into weights as the kubelet does', () => {
    const weights = [0, 2, 10, 102, 512, 1024, 2048, 262_144, 999_999].map(cpuWeight)
    assert.deepEqual(weights, [1, 1, 1, 4, 20, 39, 79, 10_000, 10_000])
  })
})
