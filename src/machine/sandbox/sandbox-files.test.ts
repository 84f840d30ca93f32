import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { buildHostsFile, truncateHostname } from './hosts-file.ts'
import { buildResolvConf, parseResolvConf, reachableFromPod } from './resolv-conf.ts'

const NONE = { nameservers: [], searches: [], options: [] }

describe('hosts file (N1)', () => {
  it('of a pod with its own network', () => {
    const plan = {
      hostname: 'web-0',
      hostAliases: [
        { ip: '10.1.2.3', hostnames: ['db.local', 'db'] },
        { ip: '2001:db8::1', hostnames: ['cache'] },
      ],
    }
    assert.equal(
      buildHostsFile(plan, ['10.87.0.5'], undefined),
      `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
10.87.0.5\tweb-0

# Entries added by HostAliases.
10.1.2.3\tdb.local\tdb
2001:db8::1\tcache
`,
    )
  })

  it("of a pod on the host's network", () => {
    assert.equal(
      buildHostsFile({ hostname: 'node', hostAliases: [] }, ['192.0.2.2'], '127.0.0.1 localhost\n'),
      '# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n',
    )
  })

  it('no value adds a line or a word', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (evil) => {
        const build = () =>
          buildHostsFile({ hostname: 'a', hostAliases: [{ ip: '1.2.3.4', hostnames: [evil] }] }, [], '')
        if (/[\s#\p{Cc}]/u.test(evil) || evil === '') assert.throws(build, { reason: 'FailedCreatePodSandBox' })
        else assert.equal(build().split('\n').length, 5)
      }),
    )
  })
})

describe('truncateHostname', () => {
  const cases: [hostname: string, expected: string][] = [
    ['web', 'web'],
    ['a'.repeat(70), 'a'.repeat(63)],
    [`${'a'.repeat(61)}.-bc`, 'a'.repeat(61)],
  ]
  for (const [hostname, expected] of cases) it(hostname, () => assert.equal(truncateHostname(hostname), expected))
})

describe('resolv.conf (N2)', () => {
  const host = { nameservers: ['10.0.0.2', '10.0.0.3'], searches: ['corp'], options: ['ndots:1', 'edns0'] }
  const cases: [rule: string, ...Parameters<typeof buildResolvConf>, string][] = [
    [
      "the host's",
      { is: 'host' },
      host,
      'search corp\nnameserver 10.0.0.2\nnameserver 10.0.0.3\noptions ndots:1 edns0\n',
    ],
    ['nothing known, nothing written', { is: 'host' }, NONE, ''],
    [
      'dnsConfig adds, and replaces options of the same name',
      { is: 'host', extra: { nameservers: ['9.9.9.9'], searches: ['corp', 'lab'], options: ['ndots:5'] } },
      host,
      'search corp lab\nnameserver 10.0.0.2\nnameserver 10.0.0.3\nnameserver 9.9.9.9\noptions edns0 ndots:5\n',
    ],
    [
      'only its own, three servers at most',
      {
        is: 'custom',
        settings: { nameservers: ['1.1.1.1', '2.2.2.2', '3.3.3.3', '4.4.4.4'], searches: [], options: [] },
      },
      host,
      'nameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 3.3.3.3\n',
    ],
    [
      '32 search domains at most',
      { is: 'custom', settings: { ...NONE, searches: Array.from({ length: 40 }, (_, index) => `d${index}`) } },
      host,
      `search ${Array.from({ length: 32 }, (_, index) => `d${index}`).join(' ')}\n`,
    ],
    [
      '2048 characters of search domains at most',
      { is: 'custom', settings: { ...NONE, searches: ['a', 'b', 'c'].map((letter) => letter.repeat(1000)) } },
      host,
      `search ${'a'.repeat(1000)} ${'b'.repeat(1000)}\n`,
    ],
  ]
  for (const [rule, plan, settings, text] of cases) it(rule, () => assert.equal(buildResolvConf(plan, settings), text))

  it('refuses a value that would add a line', () => {
    const settings = { ...NONE, searches: ['a\nnameserver 6.6.6.6'] }
    assert.throws(() => buildResolvConf({ is: 'custom', settings }, NONE), { reason: 'FailedCreatePodSandBox' })
  })

  it('reads comments, the last search line, and leaves out servers that only the host can reach', () => {
    const text =
      '# x\nnameserver 127.0.0.53 # stub\nnameserver 10.0.0.2\nsearch a\ndomain b\noptions rotate ; x\nbogus\n'
    const settings = parseResolvConf(text)
    assert.deepEqual(settings, { nameservers: ['127.0.0.53', '10.0.0.2'], searches: ['b'], options: ['rotate'] })
    assert.deepEqual(reachableFromPod(settings).nameservers, ['10.0.0.2'])
  })
})
