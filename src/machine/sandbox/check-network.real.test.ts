import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { unlessThereIs } from '../../../test/needs.ts'
import { checkKernel } from '../linux/check-kernel.ts'
import { checkNetwork } from './check-network.ts'

describe('checks on this machine', { skip: unlessThereIs('root', 'overlay', 'nft') }, () => {
  it('find all that the other tests here use', async () => {
    const checks = [...checkKernel('/var/lib/peapod'), ...(await checkNetwork())]
    assert.deepEqual(
      checks.filter((check) => check.is === 'missing'),
      [],
    )
    const names = [
      'root',
      'kernel',
      'overlay',
      'namespaces',
      'cgroups',
      'oom score',
      'disk',
      'pod addresses',
      'nftables',
    ]
    assert.deepEqual(
      checks.slice(0, names.length).map((check) => check.name),
      names,
    )
  })
})
