import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildHttpRequest, type HttpTarget, redirected, urlText } from './http-request.ts'

const TARGET: HttpTarget = { scheme: 'http', host: '10.0.0.2', port: 80, path: '/', headers: [] }
const HOST = ['Host', '10.0.0.2:80']
const AGENT = ['User-Agent', 'kube-probe/1.36']
const ACCEPT = ['Accept', '*/*']
const CLOSE = ['Connection', 'close']

describe('the request of an httpGet probe (P9)', () => {
  const header = (name: string, value: string) => ({ name, value })
  const rows: [rule: string, headers: HttpTarget['headers'], sent: string[]][] = [
    ['names itself and takes everything', [], [...HOST, ...AGENT, ...ACCEPT, ...CLOSE]],
    [
      'the manifest replaces both',
      [header('user-agent', 'me'), header('accept', 'text/html')],
      [...HOST, 'User-Agent', 'me', 'Accept', 'text/html', ...CLOSE],
    ],
    ['an empty value removes both', [header('User-Agent', ''), header('ACCEPT', '')], [...HOST, ...CLOSE]],
    [
      'a header may come twice, and be empty',
      [header('x-a', '1'), header('X-A', ''), header('x-b', '')],
      [...HOST, ...AGENT, ...ACCEPT, 'X-A', '1', 'X-A', '', 'X-B', '', ...CLOSE],
    ],
    [
      'Host is what the manifest says',
      [header('host', 'example.org')],
      ['Host', 'example.org', ...AGENT, ...ACCEPT, ...CLOSE],
    ],
    ['an empty Host is none', [header('Host', '')], [...HOST, ...AGENT, ...ACCEPT, ...CLOSE]],
    ['connections are not kept', [header('Connection', 'keep-alive')], [...HOST, ...AGENT, ...ACCEPT, ...CLOSE]],
  ]
  for (const [rule, headers, sent] of rows) {
    it(rule, () => assert.deepEqual(buildHttpRequest({ ...TARGET, headers }, 'kube-probe').headers, sent))
  }

  it('quotes the address as the kubelet does', () => {
    const url = (change: Partial<HttpTarget>) => urlText(buildHttpRequest({ ...TARGET, ...change }, 'kube-probe'))
    assert.equal(url({}), 'http://10.0.0.2:80/')
    assert.equal(url({ path: 'healthz?a=b c&d=%20#top' }), 'http://10.0.0.2:80/healthz?a=b%20c&d=%20')
    assert.equal(url({ path: '/ä\u{1f600}\r\n' }), 'http://10.0.0.2:80/%C3%A4%F0%9F%98%80%0D%0A')
    assert.equal(url({ scheme: 'https', host: 'fe80::1', port: 443 }), 'https://[fe80::1]:443/')
  })

  it('follows redirects on the same host only, and takes its own Host header along on the same server', () => {
    const from = buildHttpRequest({ ...TARGET, path: '/a/b', headers: [header('Host', 'x.org')] }, 'kube-probe')
    const at = (location: string) => {
      const next = redirected(from, location)
      return next === undefined ? undefined : [urlText(next), next.headers[1]]
    }
    assert.deepEqual(at('/c?d'), ['http://10.0.0.2:80/c?d', 'x.org'])
    assert.deepEqual(at('c'), ['http://10.0.0.2:80/a/c', 'x.org'])
    assert.deepEqual(at('http://10.0.0.2:81/c'), ['http://10.0.0.2:81/c', '10.0.0.2:81'])
    assert.deepEqual(at('https://10.0.0.2/c'), ['https://10.0.0.2:443/c', '10.0.0.2:443'])
    for (const location of ['http://10.0.0.3/', '//x.org/', 'ftp://10.0.0.2/', 'http://'])
      assert.equal(at(location), undefined)
  })
})
