import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { unlessThereIs } from '../../../test/needs.ts'
import { cgroupDirectories, cgroupLayout } from './cgroup-layout.ts'
import { cgroupProcesses, childCgroups, killCgroup, makeCgroup, removeCgroup } from './cgroups.ts'

describe('cgroups', { skip: unlessThereIs('root') }, () => {
  const parent = `/peapod-test-${randomUUID().slice(0, 8)}`
  const path = `${parent}/pod1`
  const layout = cgroupLayout()
  const directories = () => cgroupDirectories(layout, path).filter((directory) => existsSync(directory))
  const fileOf = (v1: [string, string], v2: string) => {
    if (layout.version === 1) return join(layout.hierarchies.get(v1[0]) ?? '', path, v1[1])
    return join(layout.version === 2 ? layout.root : '', path, v2)
  }

  beforeEach(() => makeCgroup(path, { memoryLimitBytes: 67_108_864, pidsLimit: 50 }))
  afterEach(async () => {
    await killCgroup(parent)
    await removeCgroup(parent)
  })

  it('sets limits that the kernel holds, and again on a group that is there', () => {
    const memory = fileOf(['memory', 'memory.limit_in_bytes'], 'memory.max')
    assert.equal(readFileSync(memory, 'utf8').trim(), '67108864')
    makeCgroup(path, { memoryLimitBytes: 134_217_728 })
    assert.equal(readFileSync(memory, 'utf8').trim(), '134217728')
    assert.deepEqual(childCgroups(parent), ['pod1'])
  })

  it('kills every process in it and below, fork bombs included, and leaves no folder', async () => {
    makeCgroup(`${path}/container`, {})
    const enter = cgroupDirectories(layout, `${path}/container`)
      .filter((directory) => existsSync(directory))
      .map((directory) => `echo $$ > ${directory}/cgroup.procs`)
      .join('; ')
    const bomb = 'f() { while :; do sleep 0.01 & done; }; f & f & f'
    const child = spawn('sh', ['-c', `${enter}; echo in; ${bomb}`], { stdio: ['ignore', 'pipe', 'ignore'] })
    await once(child.stdout, 'data')
    assert.ok(cgroupProcesses(path).includes(child.pid ?? 0))
    const exited = once(child, 'exit')
    await killCgroup(path)
    await exited
    assert.deepEqual(cgroupProcesses(path), [])
    await removeCgroup(path)
    assert.deepEqual(directories(), [])
  })

  it('removing and killing what is not there is fine', async () => {
    await removeCgroup(path)
    await removeCgroup(path)
    await killCgroup(path)
    assert.deepEqual(cgroupProcesses(path), [])
  })

  it('never kills the whole machine', async () => {
    for (const whole of ['/', '', '//x', '/..']) await assert.rejects(killCgroup(whole), /not a group of ours/)
  })

  it('names the limit that the kernel refuses', () => {
    assert.throws(() => makeCgroup(path, { pidsLimit: -7 }), {
      reason: 'SystemCallFailed',
      message: /write "-7" to ".*pids\.max"/,
    })
  })
})
