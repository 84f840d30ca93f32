import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { after, before, describe, it } from 'node:test'
import { stringify } from 'yaml'
import { Failure } from '../../../failure.ts'
import { openClient } from '../open-client.ts'
import { openContext, type ContextWish } from './open-context.ts'

const PEMS = join(import.meta.dirname, 'testdata')
const NOW_MS = Date.parse('2026-11-20T00:00:00Z')

describe('a context of a kubeconfig', { timeout: 20_000 }, () => {
  let folder = ''
  let authority = ''
  let url = ''
  let plainUrl = ''
  let nowMs = NOW_MS
  let acceptedToken: string | undefined
  /** Tells what it knows of who asks. */
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { authorization, host, 'impersonate-user': as } = request.headers
    const { socket } = request
    const subject = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.subject : undefined
    const isKnown = acceptedToken === undefined || authorization === `Bearer ${acceptedToken}`
    response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ path: request.url, authorization, host, as, subject }))
  }
  const server = createServer({ requestCert: true, rejectUnauthorized: false }, answer)
  const plain = createPlainServer(answer)

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'peapod-context-'))
    const [ca, cert, key] = await Promise.all(['ca.crt', 'server.crt', 'server.key'].map((file) => pem(file)))
    authority = ca ?? ''
    server.setSecureContext({ cert, key, ca })
    for (const one of [server, plain]) await once(one.listen(0, '127.0.0.1'), 'listening')
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    plainUrl = `http://127.0.0.1:${(plain.address() as AddressInfo).port}`
  })
  after(async () => {
    for (const one of [server, plain]) {
      one.closeAllConnections()
      one.close()
    }
    await rm(folder, { recursive: true })
  })

  const pem = (file: string): Promise<string> => readFile(join(PEMS, file), 'utf8')
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const trusted = () => ({
    server: url,
    'certificate-authority-data': base64(authority),
    'tls-server-name': 'cluster.test',
  })

  async function write(file: string, config: Record<string, unknown>): Promise<string> {
    await writeFile(join(folder, file), stringify(config))
    return join(folder, file)
  }
  /** A kubeconfig with one context. */
  const single = (cluster: object, user: object, context: object = {}): Record<string, unknown> => ({
    'current-context': 'one',
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'one', context: { cluster: 'c', user: 'u', ...context } }],
  })
  const wish = (kubeconfig: string | undefined, change: Partial<ContextWish> = {}): ContextWish => ({
    kubeconfig,
    context: undefined,
    env: { PATH: process.env['PATH'] },
    isInteractive: false,
    nowMs: () => nowMs,
    ...change,
  })
  async function asks(config: Record<string, unknown>, path = '/version'): Promise<Record<string, unknown>> {
    const opened = await openContext(wish(await write('kubeconfig', config)))
    const client = openClient(opened.endpoint)
    try {
      return (await client.read(path)) as Record<string, unknown>
    } finally {
      client.close()
    }
  }

  it('asks with a client certificate, from data and from files beside the kubeconfig', async () => {
    const [certificate, key] = await Promise.all([pem('client.crt'), pem('client.key')])
    const data = { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) }
    assert.equal((await asks(single(trusted(), data)))['subject'], 'CN=client')
    await Promise.all([writeFile(join(folder, 'c.crt'), certificate), writeFile(join(folder, 'c.key'), key)])
    await writeFile(join(folder, 'ca.crt'), authority)
    const cluster = { server: url, 'tls-server-name': 'cluster.test', 'certificate-authority': 'ca.crt' }
    const files = { 'client-certificate': 'c.crt', 'client-key': 'c.key' }
    assert.equal((await asks(single(cluster, files)))['subject'], 'CN=client')
  })

  it('asks with a token, a token file, a password, in the name of another', async () => {
    assert.equal((await asks(single(trusted(), { token: 'secret' })))['authorization'], 'Bearer secret')
    await writeFile(join(folder, 'token'), 'from-file\n')
    const both = { token: 'secret', tokenFile: 'token' }
    assert.equal((await asks(single(trusted(), both)))['authorization'], 'Bearer from-file')
    const named = { username: 'ann', password: 'b:c' }
    assert.equal((await asks(single(trusted(), named)))['authorization'], `Basic ${base64('ann:b:c')}`)
    assert.equal((await asks(single(trusted(), { token: 'secret', as: 'bob' })))['as'], 'bob')
  })

  it('keeps the path of the URL, and speaks plain http', async () => {
    const { path, host } = await asks(single({ server: `${plainUrl}/k8s/clusters/c-1/` }, {}), '/api/v1/pods')
    assert.equal(path, '/k8s/clusters/c-1/api/v1/pods')
    assert.equal(host, plainUrl.replace('http://', ''))
  })

  const UNTRUSTED: [rule: string, change: Record<string, unknown>, message: RegExp][] = [
    ['an authority of its own is needed', { 'certificate-authority-data': '' }, /unable to|self-signed|verify/],
    ['the name must be in the certificate', { 'tls-server-name': '' }, /altnames|does not match/],
  ]
  for (const [rule, change, message] of UNTRUSTED) {
    it(rule, async () => {
      await assert.rejects(asks(single({ ...trusted(), ...change }, {})), (error: unknown) => {
        assert.ok(error instanceof Failure)
        assert.equal(error.reason, 'ServiceUnavailable')
        assert.match(error.message, message)
        assert.ok(error.message.includes(url), error.message)
        return true
      })
    })
  }

  it('insecure-skip-tls-verify trusts whoever answers', async () => {
    const cluster = { server: url, 'insecure-skip-tls-verify': true }
    assert.equal((await asks(single(cluster, { token: 't' })))['authorization'], 'Bearer t')
  })

  describe('a credential plugin', () => {
    const plugin = (script: string, more: object = {}) => ({
      exec: {
        apiVersion: 'client.authentication.k8s.io/v1',
        command: 'sh',
        args: ['-c', script],
        env: [{ name: 'GREETING', value: 'hello' }],
        interactiveMode: 'IfAvailable',
        ...more,
      },
    })
    const status = (fields: string): string =>
      `echo x >> ${folder}/runs; n=$(wc -l < ${folder}/runs | tr -d ' '); echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"'$GREETING-$n'"${fields}}}'`
    before(() => rm(join(folder, 'runs'), { force: true }))

    it('is asked once, and again when what it said is over or was not accepted', async () => {
      const script = status(',"expirationTimestamp":"2026-11-20T01:00:00Z"')
      const opened = await openContext(wish(await write('kubeconfig', single(trusted(), plugin(script)))))
      const client = openClient(opened.endpoint)
      const asked = async () => ((await client.read('/version')) as Record<string, unknown>)['authorization']
      assert.equal(await asked(), 'Bearer hello-1')
      assert.equal(await asked(), 'Bearer hello-1')
      nowMs = Date.parse('2026-11-20T00:59:55Z')
      assert.equal(await asked(), 'Bearer hello-2')
      nowMs = NOW_MS
      acceptedToken = 'hello-3'
      assert.equal(await asked(), 'Bearer hello-3')
      acceptedToken = undefined
      client.close()
    })

    it('learns which cluster it is for, if it wants to', async () => {
      const script = `printf '{"kind":"ExecCredential","status":{"token":"'; printf %s "$KUBERNETES_EXEC_INFO" | base64 -w0; printf '"}}'`
      const told = await asks(single(trusted(), plugin(script, { provideClusterInfo: true })))
      const info: unknown = JSON.parse(
        Buffer.from(String(told['authorization']).replace('Bearer ', ''), 'base64').toString(),
      )
      assert.deepEqual(info, {
        apiVersion: 'client.authentication.k8s.io/v1',
        kind: 'ExecCredential',
        spec: {
          interactive: false,
          cluster: {
            server: url,
            'tls-server-name': 'cluster.test',
            'certificate-authority-data': base64(authority),
          },
        },
      })
    })

    const FAILING: [rule: string, script: string, more: object, message: RegExp][] = [
      ['its exit code is told, with the hint', 'exit 3', { installHint: 'install it' }, /exit code 3; install it$/],
      ['what is no credential is refused', 'echo hi', {}, /answered no ExecCredential/],
      ['an empty credential is refused', `echo '{"kind":"ExecCredential","status":{}}'`, {}, /neither a token nor/],
      ['a program that is not there', '', { command: 'no-such-plugin' }, /ask "no-such-plugin".*ENOENT/],
      ['a terminal that is not there', '', { interactiveMode: 'Always' }, /needs a terminal/],
      ['another version', '', { apiVersion: 'client.authentication.k8s.io/v9' }, /apiVersion .* is not known/],
    ]
    for (const [rule, script, more, message] of FAILING) {
      it(rule, async () => {
        await assert.rejects(asks(single(trusted(), plugin(script, more))), (error: unknown) => {
          assert.ok(error instanceof Failure)
          assert.equal(error.reason, 'Unauthorized')
          assert.match(error.message, message)
          return true
        })
      })
    }
  })

  describe('is found', () => {
    it('in the files of $KUBECONFIG as one, of two of a name the first', async () => {
      const first = await write('first', {
        'current-context': '',
        contexts: [{ name: 'one', context: { cluster: 'c', user: 'u', namespace: 'mine' } }],
      })
      const second = await write('second', single({ server: plainUrl }, { token: 'x' }, { namespace: 'other' }))
      const env = { KUBECONFIG: `${first}:${folder}/absent:${second}` }
      const opened = await openContext(wish(undefined, { env }))
      assert.deepEqual([opened.name, opened.namespace, opened.endpoint.address], ['one', 'mine', plainUrl])
    })

    const wrong = (change: object): Record<string, unknown> => ({ ...single({ server: plainUrl }, {}), ...change })
    const MISSING: [
      rule: string,
      config: () => Record<string, unknown>,
      context: string | undefined,
      message: RegExp,
    ][] = [
      ['a context that is not there', () => wrong({}), 'two', /it has no context "two"; there is one$/],
      [
        'no current one',
        () => wrong({ 'current-context': '' }),
        undefined,
        /no current-context; name one with --context/,
      ],
      ['a cluster that is not there', () => wrong({ clusters: [] }), undefined, /it has no cluster "c"$/],
      ['a user that is not there', () => wrong({ users: [] }), undefined, /it has no user "u"$/],
      ['no server', () => single({}, {}), undefined, /server "" is no URL/],
      ['a proxy', () => single({ server: plainUrl, 'proxy-url': 'http://p' }, {}), undefined, /proxy-url is not/],
      ['a list that is none', () => wrong({ users: {} }), undefined, /"users" is no list/],
    ]
    for (const [rule, config, context, message] of MISSING) {
      it(`or refused: ${rule}`, async () => {
        const file = await write('kubeconfig', config())
        await assert.rejects(openContext(wish(file, { context })), (error: unknown) => {
          assert.ok(error instanceof Failure)
          assert.equal(error.reason, 'UsageError')
          assert.match(error.message, message)
          return true
        })
      })
    }

    it('or refused: a kubeconfig that is not there', async () => {
      await assert.rejects(openContext(wish(join(folder, 'nope'))), /read the kubeconfig ".*nope": ENOENT/)
      await assert.rejects(openContext(wish(undefined, { env: { HOME: folder } })), /there is no ".*\/\.kube\/config"/)
      await assert.rejects(openContext(wish(undefined, { env: {} })), /neither \$KUBECONFIG nor \$HOME/)
    })
  })
})
