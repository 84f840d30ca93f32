import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkNameServers, checkPorts, forwardChainsThatDrop } from './check-network.ts'

describe('checks of the network', () => {
  const cases: [rule: string, nameservers: string[], is: string][] = [
    ['a name server', ['127.0.0.1', '10.0.0.2'], 'ok'],
    ['a local stub only', ['127.0.0.53'], 'warning'],
    ['no name server', [], 'warning'],
  ]
  for (const [rule, nameservers, is] of cases) {
    it(rule, () => assert.equal(checkNameServers(nameservers).is, is))
  }

  it('finds the firewalls that drop what pods forward', () => {
    const chain = (table: string, change: object) => ({
      chain: { family: 'ip', table, name: 'FORWARD', hook: 'forward', policy: 'drop', ...change },
    })
    const nftables = [
      { metainfo: {} },
      chain('filter', {}),
      chain('open', { policy: 'accept' }),
      chain('six', { family: 'ip6' }),
      chain('in', { hook: 'input' }),
      chain('peapod', {}),
    ]
    assert.deepEqual(forwardChainsThatDrop(JSON.stringify({ nftables })), ['ip filter FORWARD'])
  })
})

it('the ports that pods publish are named', () => {
  assert.equal(checkPorts([]).detail, 'no pod publishes a port of this machine')
  assert.equal(checkPorts(['TCP:80:0.0.0.0', 'UDP:53:127.0.0.1']).detail, 'pods publish 80/TCP, 53/UDP')
})
