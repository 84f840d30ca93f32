import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { unlessThereIs } from '../../../test/needs.ts'
import { cgroupDirectories, type CgroupLayout, cgroupLayout } from './cgroup-layout.ts'
import type { CgroupLimits } from './cgroup-limits.ts'
import { cgroupProcesses, childCgroups, killCgroup, makeCgroup, removeCgroup } from './cgroups.ts'

const machine = cgroupLayout()
const LIMITS: CgroupLimits = { memoryLimitBytes: 67_108_864, pidsLimit: 50 }
/** A hybrid machine has a version 2 hierarchy too: without controllers, but its processes are managed the same way. */
const LAYOUTS: { name: string; layout: CgroupLayout; limits: CgroupLimits }[] = [
  { name: `as on this machine (version ${machine.version})`, layout: machine, limits: LIMITS },
  ...(machine.version === 1 && machine.unified !== undefined
    ? [
        {
          name: 'version 2 of a hybrid',
          layout: { version: 2 as const, root: machine.unified, controllers: [] },
          limits: {},
        },
      ]
    : []),
]

for (const { name, layout, limits } of LAYOUTS) {
  describe(`cgroups, ${name}`, { skip: unlessThereIs('root') }, () => {
    const parent = `/peapod-test-${randomUUID().slice(0, 8)}`
    const path = `${parent}/pod1`
    const directories = () => cgroupDirectories(layout, path).filter((directory) => existsSync(directory))
    const fileOf = (v1: [string, string], v2: string) => {
      if (layout.version === 1) return join(layout.hierarchies.get(v1[0]) ?? '', path, v1[1])
      return join(layout.version === 2 ? layout.root : '', path, v2)
    }

    beforeEach(() => makeCgroup(path, limits, layout))
    afterEach(async () => {
      await killCgroup(parent, layout)
      await removeCgroup(parent, layout)
    })

    // The version 2 hierarchy of a hybrid machine has no controller to limit with.
    const hasLimits = limits.memoryLimitBytes !== undefined
    if (hasLimits)
      it('sets limits that the kernel holds, and again on a group that is there', () => {
        const memory = fileOf(['memory', 'memory.limit_in_bytes'], 'memory.max')
        assert.equal(readFileSync(memory, 'utf8').trim(), '67108864')
        makeCgroup(path, { memoryLimitBytes: 134_217_728 }, layout)
        assert.equal(readFileSync(memory, 'utf8').trim(), '134217728')
        assert.deepEqual(childCgroups(parent, layout), ['pod1'])
      })

    it('kills every process in it and below, fork bombs included, and leaves no folder', async () => {
      makeCgroup(`${path}/container`, {}, layout)
      const enter = cgroupDirectories(layout, `${path}/container`)
        .filter((directory) => existsSync(directory))
        .map((directory) => `echo $$ > ${directory}/cgroup.procs`)
        .join('; ')
      const bomb = 'f() { while :; do sleep 0.01 & done; }; f & f & f'
      const child = spawn('sh', ['-c', `${enter}; echo in; read go; ${bomb}`], { stdio: ['pipe', 'pipe', 'ignore'] })
      await once(child.stdout, 'data')
      assert.ok(cgroupProcesses(path, layout).includes(child.pid ?? 0))
      const exited = once(child, 'exit')
      child.stdin.end('go\n')
      const limitMs = Date.now() + 5_000
      while (cgroupProcesses(path, layout).length < 4) {
        assert.ok(Date.now() < limitMs, 'the bomb goes off')
        await delay(1)
      }
      await killCgroup(path, layout)
      await exited
      assert.deepEqual(cgroupProcesses(path, layout), [])
      await removeCgroup(path, layout)
      assert.deepEqual(directories(), [])
    })

    it('removing and killing what is not there is fine', async () => {
      await removeCgroup(path, layout)
      await removeCgroup(path, layout)
      await killCgroup(path, layout)
      assert.deepEqual(cgroupProcesses(path, layout), [])
    })

    it('never kills the whole machine', async () => {
      for (const whole of ['/', '', '//x', '/..'])
        await assert.rejects(killCgroup(whole, layout), /not a group of ours/)
    })

    if (hasLimits)
      it('names the limit that the kernel refuses', () => {
        assert.throws(() => makeCgroup(path, { pidsLimit: -7 }, layout), {
          reason: 'SystemCallFailed',
          message: /write "-7" to ".*pids\.max"/,
        })
      })
  })
}
