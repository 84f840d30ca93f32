import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { type CgroupUsage, parseV1Usage, parseV2Usage, readCgroupUsage } from './cgroup-usage.ts'
import { parseMeminfo, parseProcStat } from './machine-usage.ts'

/** Of a machine with version 1, as it was: a group with 842 MiB of old file pages. */
const V1 = {
  cpu: '9130211734000\n',
  memory: '2940256256\n',
  memoryStat:
    'cache 0\nrss 0\nshmem 0\nmapped_file 0\nswap 0\npgpgin 0\npgfault 0\ninactive_anon 0\nactive_anon 0\n' +
    'inactive_file 17\nactive_file 0\nunevictable 0\nhierarchical_memory_limit 9223372036854771712\n' +
    'total_cache 1976320000\ntotal_rss 520101888\ntotal_mapped_file 148848640\ntotal_swap 0\n' +
    'total_inactive_anon 520077312\ntotal_active_anon 290816\ntotal_inactive_file 882819072\n' +
    'total_active_file 1093349376\ntotal_unevictable 0\n',
}

/** In the lines of Linux 6.1. */
const V2 = {
  cpu: 'usage_usec 21254\nuser_usec 7970\nsystem_usec 13283\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n',
  memory: '71303168\n',
  memoryStat:
    'anon 67108864\nfile 3145728\nkernel 1048576\nkernel_stack 16384\nshmem 0\nfile_mapped 1048576\nfile_dirty 0\n' +
    'inactive_anon 67108864\nactive_anon 0\ninactive_file 2097152\nactive_file 1048576\nunevictable 0\n' +
    'slab_reclaimable 200000\nworkingset_refault_anon 0\npgfault 17000\n',
}

describe('what a cgroup uses', () => {
  const cases: [rule: string, usage: CgroupUsage, expected: CgroupUsage][] = [
    [
      'version 1: with the groups below, without old file pages',
      parseV1Usage(V1),
      { cpuNanoseconds: 9_130_211_734_000, workingSetBytes: 2_940_256_256 - 882_819_072 },
    ],
    [
      'version 2: in nanoseconds as well',
      parseV2Usage(V2),
      { cpuNanoseconds: 21_254_000, workingSetBytes: 71_303_168 - 2_097_152 },
    ],
    [
      'never less than nothing',
      parseV2Usage({ ...V2, memory: '4096\n' }),
      { cpuNanoseconds: 21_254_000, workingSetBytes: 0 },
    ],
    [
      'a kernel that does not count file pages',
      parseV2Usage({ ...V2, memoryStat: 'anon 1\n' }),
      { cpuNanoseconds: 21_254_000, workingSetBytes: 71_303_168 },
    ],
    [
      'the first line counts, too',
      parseV2Usage({ ...V2, memoryStat: 'inactive_file 1000\nanon 1\n' }),
      { cpuNanoseconds: 21_254_000, workingSetBytes: 71_302_168 },
    ],
  ]
  for (const [rule, usage, expected] of cases) it(rule, () => assert.deepEqual(usage, expected))

  it('is found where the machine keeps its groups', () => {
    const root = mkdtempSync(join(tmpdir(), 'peapod-cgroups-'))
    const write = (path: string, text: string): void => {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    try {
      write('cpuacct/pod/app/cpuacct.usage', V1.cpu)
      write('memory/pod/app/memory.usage_in_bytes', V1.memory)
      write('memory/pod/app/memory.stat', V1.memoryStat)
      write('unified/pod/app/cpu.stat', V2.cpu)
      write('unified/pod/app/memory.current', V2.memory)
      write('unified/pod/app/memory.stat', V2.memoryStat)
      const hierarchies = new Map(['cpuacct', 'memory'].map((name) => [name, join(root, name)]))
      const v1 = { version: 1, hierarchies, unified: undefined } as const
      const v2 = { version: 2, root: join(root, 'unified'), controllers: [] } as const
      assert.deepEqual(readCgroupUsage(v1, '/pod/app'), parseV1Usage(V1))
      assert.deepEqual(readCgroupUsage(v2, '/pod/app'), parseV2Usage(V2))
      const absent = [
        readCgroupUsage(v1, '/pod/other'),
        readCgroupUsage(v2, '/pod/other'),
        readCgroupUsage({ ...v1, hierarchies: new Map() }, '/pod/app'),
        readCgroupUsage({ version: 'none' }, '/pod/app'),
      ]
      assert.deepEqual(absent, [undefined, undefined, undefined, undefined])
    } finally {
      rmSync(root, { recursive: true })
    }
  })
})

describe('what the machine uses', () => {
  it('is the time in which a CPU was at work: neither idle nor waiting, guests counted once', () => {
    const text =
      'cpu  1249085 65656 691714 1332353 6043 11 5701 680 400 30\ncpu0 622134 32065 336901 680413 1929 0 1184 353 0 0\n'
    assert.equal(parseProcStat(text), (1_249_085 + 65_656 + 691_714 + 11 + 5_701 + 680) * 10_000_000)
  })

  it('is the memory that is neither free nor old file pages', () => {
    const text =
      'MemTotal:       24684092 kB\nMemFree:        21260824 kB\nMemAvailable:   22974048 kB\nInactive:        1595892 kB\n' +
      'Inactive(anon):   937200 kB\nInactive(file):   658692 kB\n'
    assert.equal(parseMeminfo(text), (24_684_092 - 21_260_824 - 658_692) * 1024)
  })
})
