import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { unlessThereIs } from '../../../test/needs.ts'
import { cgroupLayout } from './cgroup-layout.ts'
import { changeCgroup, memoryInUseBytes } from './change-cgroup.ts'
import { makeCgroup, removeCgroup } from './cgroups.ts'

const MiB = 1024 * 1024
const layout = cgroupLayout()

describe(`limits of a cgroup in use (version ${layout.version})`, { skip: unlessThereIs('root') }, () => {
  const parent = `/peapod-test-${randomUUID().slice(0, 8)}`
  const path = `${parent}/pod1`
  beforeEach(() => makeCgroup(path, { memoryLimitBytes: 64 * MiB }, layout))
  afterEach(() => removeCgroup(parent, layout))

  const read = (controller: string, v1: string, v2: string): string => {
    const root = layout.version === 1 ? layout.hierarchies.get(controller) : layout.version === 2 ? layout.root : ''
    return readFileSync(join(root ?? '', path, layout.version === 1 ? v1 : v2), 'utf8').trim()
  }
  const memory = (): string => read('memory', 'memory.limit_in_bytes', 'memory.max')
  const cpu = (): string => read('cpu', 'cpu.cfs_quota_us', 'cpu.max').split(' ')[0] ?? ''

  it('go up, down and away', () => {
    changeCgroup(path, { cpuShares: 512, cpuQuotaUs: 50_000, memoryLimitBytes: 128 * MiB }, layout)
    assert.deepEqual([memory(), cpu()], [String(128 * MiB), '50000'])
    changeCgroup(path, { cpuShares: 256, cpuQuotaUs: 20_000, memoryLimitBytes: 32 * MiB }, layout)
    assert.deepEqual([memory(), cpu()], [String(32 * MiB), '20000'])
    assert.equal(read('cpu', 'cpu.shares', 'cpu.weight'), layout.version === 1 ? '256' : '10')
    changeCgroup(path, { cpuShares: 256 }, layout)
    assert.ok(memory() === 'max' || Number(memory()) > 2 ** 60)
    assert.ok(['-1', 'max'].includes(cpu()))
  })

  it('what it holds can be asked, of a group that is there', () => {
    assert.ok((memoryInUseBytes(path, layout) ?? Infinity) < MiB)
    assert.equal(memoryInUseBytes(`${parent}/nobody`, layout), undefined)
  })

  it('of a group that is not there cannot be changed', () => {
    assert.throws(() => changeCgroup(`${parent}/nobody`, { cpuShares: 512 }, layout), {
      reason: 'SystemCallFailed',
      message: /nobody/,
    })
  })
})
