import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addressCount, formatIpv4, formatIpv4Range, parseIpv4, parseIpv4Range, rangesOverlap } from '../linux/ipv4.ts'
import { chooseRange } from './address-range.ts'
import { isSamePort } from './claim-ports.ts'
import { baseRules, forgetPortRules, publishRules, unpublishRules } from './nftables-rules.ts'
import type { PublishedPort } from './sandbox.ts'
import { isLinkName, linkName, macOf } from './sandbox-names.ts'

describe('IPv4 ranges', () => {
  it('text and number are the same address', () => {
    const address = fc.integer({ min: 0, max: 0xffff_ffff })
    fc.assert(fc.property(address, (number) => assert.equal(parseIpv4(formatIpv4(number)), number)))
  })

  it('overlap as sets of addresses do', () => {
    const range = fc.record({
      network: fc.integer({ min: 0, max: 255 }),
      prefixLength: fc.integer({ min: 24, max: 32 }),
    })
    fc.assert(
      fc.property(range, range, (one, other) => {
        const [a, b] = [one, other].map((each) => parseIpv4Range(formatIpv4Range(each)))
        if (a === undefined || b === undefined) return
        const shared = a.network < b.network + addressCount(b) && b.network < a.network + addressCount(a)
        assert.equal(rangesOverlap(a, b), shared)
      }),
    )
  })

  for (const wrong of ['10.0.0.0', '10.0.0.0/33', '10.0.0/8', 'x/8', '10.0.0.0/-1']) {
    it(`refuses ${wrong}`, () => assert.throws(() => parseIpv4Range(wrong), { reason: 'Invalid' }))
  }
})

describe('chooseRange', () => {
  const taken = (...ranges: string[]) => ranges.map(parseIpv4Range)
  const cases: [rule: string, taken: string[], wanted: string | undefined, expected: string | RegExp][] = [
    ['the first candidate on a free machine', ['192.0.2.0/24'], undefined, '10.87.0.0/16'],
    ['the next one when an address is in it', ['10.87.3.4/32'], undefined, '10.187.0.0/16'],
    ['a large private network takes several', ['10.0.0.0/8'], undefined, '172.29.0.0/16'],
    ['the wanted one', ['10.87.0.0/16'], '10.9.0.0/24', '10.9.0.0/24'],
    ['a wanted one that is taken', ['10.9.0.7/32'], '10.9.0.0/24', /10\.9\.0\.0\/24 overlaps with networks/],
    ['all taken', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'], undefined, /overlap with networks/],
    ['too small a range', [], '10.9.0.0/30', /too small/],
  ]
  for (const [rule, ranges, wanted, expected] of cases) {
    it(rule, () => {
      const choose = () => formatIpv4Range(chooseRange(taken(...ranges), wanted))
      if (typeof expected === 'string') assert.equal(choose(), expected)
      else assert.throws(choose, expected)
    })
  }
})

describe('nftables rules', () => {
  const web: PublishedPort = { protocol: 'TCP', hostIP: undefined, hostPort: 8080, podPort: 80 }
  const dns: PublishedPort = { protocol: 'UDP', hostIP: '127.0.0.1', hostPort: 53, podPort: 5353 }
  const forwards = [web, dns].map((port) => ({ port, podIP: '10.87.0.5' }))

  it('publishing a pod is one element for each port', () => {
    assert.equal(
      publishRules(forwards),
      'add element ip peapod published { tcp . 8080 : 10.87.0.5 . 80 }\n' +
        'add element ip peapod published_on { 127.0.0.1 . udp . 53 : 10.87.0.5 . 5353 }\n',
    )
  })

  it('withdrawing works whether or not the element is there', () => {
    assert.equal(
      unpublishRules(forwards.slice(0, 1)),
      'add element ip peapod published { tcp . 8080 : 10.87.0.5 . 80 }\n' +
        'delete element ip peapod published { tcp . 8080 : 10.87.0.5 . 80 }\n',
    )
    assert.equal(forgetPortRules(dns), 'delete element ip peapod published_on { 127.0.0.1 . udp . 53 }\n')
  })

  it('what all pods share', () => {
    assert.equal(
      baseRules(parseIpv4Range('10.87.0.0/16')),
      `add table ip peapod
add map ip peapod published { type inet_proto . inet_service : ipv4_addr . inet_service; }
add map ip peapod published_on { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
add chain ip peapod guard { type filter hook prerouting priority raw; policy accept; }
flush chain ip peapod guard
add rule ip peapod guard iifname "peapod0" ip daddr 127.0.0.0/8 drop
add chain ip peapod prerouting { type nat hook prerouting priority dstnat; policy accept; }
flush chain ip peapod prerouting
add rule ip peapod prerouting dnat ip to ip daddr . meta l4proto . th dport map @published_on
add rule ip peapod prerouting fib daddr type local dnat ip to meta l4proto . th dport map @published
add chain ip peapod output { type nat hook output priority -100; policy accept; }
flush chain ip peapod output
add rule ip peapod output dnat ip to ip daddr . meta l4proto . th dport map @published_on
add rule ip peapod output fib daddr type local dnat ip to meta l4proto . th dport map @published
add chain ip peapod postrouting { type nat hook postrouting priority srcnat; policy accept; }
flush chain ip peapod postrouting
add rule ip peapod postrouting oifname "peapod0" ip saddr 10.87.0.0/16 ct status dnat masquerade
add rule ip peapod postrouting oifname "peapod0" ip saddr 127.0.0.0/8 masquerade
add rule ip peapod postrouting oifname != "peapod0" ip saddr 10.87.0.0/16 ip daddr != { 10.87.0.0/16, 224.0.0.0/4 } masquerade
`,
    )
  })

  const collisions: [rule: string, one: Partial<PublishedPort>, other: Partial<PublishedPort>, same: boolean][] = [
    ['the same', {}, {}, true],
    ['another protocol', {}, { protocol: 'UDP' }, false],
    ['another port', {}, { hostPort: 8081 }, false],
    ['every address holds each single one', { hostIP: '0.0.0.0' }, { hostIP: '127.0.0.1' }, true],
    ['two addresses', { hostIP: '192.0.2.2' }, { hostIP: '127.0.0.1' }, false],
    ['one address twice', { hostIP: '192.0.2.2' }, { hostIP: '192.0.2.2' }, true],
  ]
  for (const [rule, one, other, same] of collisions) {
    it(`collision: ${rule}`, () => {
      assert.equal(isSamePort({ ...web, ...one }, { ...web, ...other }), same)
      assert.equal(isSamePort({ ...web, ...other }, { ...web, ...one }), same)
    })
  }
})

describe('names', () => {
  it('of links fit the kernel and are known again', () => {
    fc.assert(
      fc.property(fc.uuid(), (id) => {
        assert.ok(linkName(id).length <= 15)
        assert.ok(isLinkName(linkName(id)))
      }),
    )
    assert.equal(isLinkName('peapod0'), false)
  })

  it('hardware addresses follow the IPv4 address', () => {
    assert.deepEqual(macOf(parseIpv4('10.87.200.5')), new Uint8Array([0x0a, 0x58, 10, 87, 200, 5]))
  })
})
