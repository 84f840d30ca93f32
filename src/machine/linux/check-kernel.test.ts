import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkCgroups, checkOomScore, checkRoot, checkVersion } from './check-kernel.ts'
import type { Check } from './check.ts'

const ALL = 0x1ff_ffff_ffffn

describe('checks', () => {
  const cases: [rule: string, Check, is: Check['is']][] = [
    ['root with everything', checkRoot(true, ALL), 'ok'],
    ['not root', checkRoot(false, 0n), 'missing'],
    ['root without CAP_NET_ADMIN', checkRoot(true, ALL & ~(1n << 12n)), 'missing'],
    ['a kernel of today', checkVersion('6.18.44-x'), 'ok'],
    ['the oldest kernel', checkVersion('5.12.0'), 'ok'],
    ['too old a kernel', checkVersion('5.10.0-28-amd64'), 'missing'],
    ['cgroup version 2', checkCgroups({ version: 2, root: '/', controllers: ['cpu', 'memory', 'pids', 'io'] }), 'ok'],
    ['a controller is missing', checkCgroups({ version: 2, root: '/', controllers: ['cpu', 'pids'] }), 'warning'],
    ['no cgroups', checkCgroups({ version: 'none' }), 'missing'],
    ['all capabilities', checkOomScore(ALL), 'ok'],
    ['no CAP_SYS_RESOURCE', checkOomScore(ALL & ~(1n << 24n)), 'warning'],
  ]
  for (const [rule, check, is] of cases) {
    it(rule, () => {
      assert.equal(check.is, is, check.detail)
      assert.equal(check.remedy === undefined, is === 'ok')
    })
  }
})
