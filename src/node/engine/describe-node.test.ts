import assert from 'node:assert/strict'
import type { NetworkInterfaceInfo } from 'node:os'
import { describe, it } from 'node:test'
import { nodeAddresses } from './describe-node.ts'

function on(address: string, change: { internal?: boolean; scopeid?: number } = {}): NetworkInterfaceInfo {
  const { internal = false, scopeid = 0 } = change
  const base = { address, internal, mac: '', netmask: '', cidr: null }
  return address.includes(':') ? { ...base, family: 'IPv6', scopeid } : { ...base, family: 'IPv4' }
}

describe('nodeAddresses', () => {
  const table: readonly [title: string, links: Record<string, NetworkInterfaceInfo[]>, addresses: string[]][] = [
    ['alone', { lo: [on('127.0.0.1', { internal: true })] }, ['127.0.0.1']],
    ['one link', { eth0: [on('192.0.2.7')] }, ['192.0.2.7']],
    ['both families', { eth0: [on('192.0.2.7'), on('2001:db8::7')] }, ['192.0.2.7', '2001:db8::7']],
    ['not what ends at the link', { eth0: [on('fe80::1', { scopeid: 2 }), on('192.0.2.7')] }, ['192.0.2.7']],
    [
      'bridges are passed over',
      { docker0: [on('172.17.0.1')], peapod0: [on('10.87.0.1')], eth0: [on('192.0.2.7')] },
      ['192.0.2.7'],
    ],
  ]
  for (const [title, links, addresses] of table) {
    it(title, () =>
      assert.deepEqual(nodeAddresses('laptop', links), [
        ...addresses.map((address) => ({ type: 'InternalIP', address })),
        { type: 'Hostname', address: 'laptop' },
      ]),
    )
  }
})
