import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import { after, before, describe, it } from 'node:test'
import { CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS, SERVICE_ACCOUNTS } from '../../store/resources.ts'
import { TestServer } from '../test-server.ts'
import { type AuthorityFiles, openAuthorityFiles } from './authority-files.ts'
import { type KeyPair, makeAuthority, makeCertificate } from './certificates.ts'

const NOW_MS = Date.now()

interface Caller {
  readonly pair?: KeyPair
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
}

interface Reply {
  readonly code: number
  readonly headers: IncomingHttpHeaders
  readonly json: { readonly message?: string; readonly status?: Record<string, unknown>; readonly code?: number }
}

describe('clients over TLS', () => {
  let directory = ''
  let files: AuthorityFiles
  let server: TestServer
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'peapod-remote-'))
    files = await openAuthorityFiles(directory, { hosts: ['127.0.0.1'], nowMs: NOW_MS })
    const addresses = [{ host: '127.0.0.1', port: 0 }]
    server = await TestServer.open({ remote: { files, addresses, moreHosts: [] } })
    server.nowMs = NOW_MS
    await server.store.create(SERVICE_ACCOUNTS, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'bot', namespace: 'default', uid: 'bot-uid' },
    })
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true })
  })

  function send(method: string, path: string, caller: Caller = {}, body?: unknown): Promise<Reply> {
    const { pair, token, headers } = caller
    return new Promise((resolve, reject) => {
      const outgoing = request({
        ...{ host: '127.0.0.1', port: server.remotePort, ca: files.authority, agent: false, method, path },
        ...(pair === undefined ? {} : { cert: pair.cert, key: pair.key }),
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
      })
      outgoing.once('error', reject)
      outgoing.once('response', (answer) => {
        text(answer).then((said) => {
          const isJson = answer.headers['content-type'] === 'application/json'
          const json = (isJson ? JSON.parse(said) : {}) as Reply['json']
          resolve({ code: answer.statusCode ?? 0, headers: answer.headers, json })
        }, reject)
      })
      outgoing.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }

  const PODS = '/api/v1/namespaces/default/pods'
  const bind = (name: string, subject: { kind: string; name: string; namespace?: string }): Promise<unknown> =>
    server.store.create(ROLE_BINDINGS, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name, namespace: 'default' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [subject],
    })
  const clientOf = (commonName: string, authority?: KeyPair): Promise<KeyPair> =>
    makeCertificate(authority ?? { cert: files.authority, key: files.authorityKey }, {
      subject: { commonName },
      ...{ usage: 'client', nowMs: NOW_MS, days: 1 },
    })

  it('nobody known sees health and version, and nothing else', async () => {
    for (const path of ['/healthz', '/readyz', '/version']) assert.equal((await send('GET', path)).code, 200, path)
    const { code, json } = await send('GET', PODS)
    assert.equal(code, 403)
    assert.equal(
      json.message,
      'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace "default"',
    )
    assert.equal((await send('GET', '/api')).code, 403)
    assert.equal((await send('GET', '/apis/nothing/v1/things')).code, 403)
    assert.equal((await send('GET', '/metrics')).code, 403)
  })

  it('the administrator does everything', async () => {
    assert.equal((await send('GET', PODS, { pair: files.admin })).code, 200)
    assert.equal((await send('GET', '/apis/nothing/v1/things', { pair: files.admin })).code, 404)
  })

  it('a certificate of another authority is nobody known', async () => {
    const foreign = await clientOf('kubernetes-admin', await makeAuthority('other', { nowMs: NOW_MS, days: 1 }))
    assert.match((await send('GET', PODS, { pair: foreign })).json.message ?? '', /"system:anonymous" cannot list/)
  })

  it('a user sees what roles are bound to them', async () => {
    const jane = { pair: await clientOf('jane') }
    assert.equal((await send('GET', PODS, jane)).code, 403)
    assert.equal((await send('GET', '/apis', jane)).code, 200)
    await bind('jane', { kind: 'User', name: 'jane' })
    assert.equal((await send('GET', PODS, jane)).code, 200)
    assert.equal((await send('DELETE', PODS, jane)).code, 403)
    assert.equal((await send('GET', '/api/v1/namespaces/kube-system/pods', jane)).code, 403)
  })

  it('a service account comes in with a token that it was given, until it is gone', async () => {
    const asked = { spec: { expirationSeconds: 600 } }
    const path = '/api/v1/namespaces/default/serviceaccounts/bot/token'
    const { code, json } = await send('POST', path, { pair: files.admin }, asked)
    assert.equal(code, 201)
    const bot = { token: String(json.status?.['token']) }
    assert.equal((await send('GET', PODS, bot)).code, 403)
    await bind('bot', { kind: 'ServiceAccount', name: 'bot', namespace: 'default' })
    assert.equal((await send('GET', PODS, bot)).code, 200)
    const whoami = await send('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', bot, {})
    assert.equal(
      (whoami.json.status?.['userInfo'] as { username?: string }).username,
      'system:serviceaccount:default:bot',
    )
    await server.store.delete(SERVICE_ACCOUNTS, { namespace: 'default', name: 'bot' })
    const refused = await send('GET', PODS, bot)
    assert.deepEqual([refused.code, refused.json.message], [401, 'Unauthorized'])
  })

  it('a token that is none of ours is refused, and not taken for nobody', async () => {
    for (const headers of [{ authorization: 'Bearer abc' }, { authorization: 'Basic YTpi' }]) {
      assert.equal((await send('GET', '/version', { headers })).code, 401)
    }
  })

  it('asking for a token for less than ten minutes is refused', async () => {
    const path = '/api/v1/namespaces/default/serviceaccounts/bot/token'
    const { code, json } = await send('POST', path, { pair: files.admin }, { spec: { expirationSeconds: 1 } })
    assert.equal(code, 422)
    assert.match(
      json.message ?? '',
      /spec.expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes/,
    )
  })

  it('who may, acts as somebody else', async () => {
    const asJane = { pair: files.admin, headers: { 'impersonate-user': 'jane', 'impersonate-group': 'a' } }
    const { json } = await send('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', asJane, {})
    assert.deepEqual(json.status?.['userInfo'], { username: 'jane', groups: ['a', 'system:authenticated'] })
    assert.equal((await send('DELETE', PODS, asJane)).code, 403)
    const jane = { pair: await clientOf('jane'), headers: { 'impersonate-user': 'root' } }
    const refused = await send('GET', PODS, jane)
    assert.equal(
      refused.json.message,
      'users "root" is forbidden: User "jane" cannot impersonate resource "users" in API group "" at the cluster scope',
    )
  })

  it('who may write roles makes none that says more than their own', async () => {
    const apiVersion = 'rbac.authorization.k8s.io/v1'
    const roles = `/apis/${apiVersion}/namespaces/default/roles`
    const kate = { pair: await clientOf('kate') }
    const about = (resource: string, group: string): object => ({
      ...{ apiVersion, kind: 'Role', metadata: { name: `${resource}-writer` } },
      rules: [{ apiGroups: [group], resources: [resource], verbs: ['create'] }],
    })
    const own = about('roles', 'rbac.authorization.k8s.io')
    assert.equal((await send('POST', roles, kate, own)).code, 403)
    assert.equal((await send('POST', roles, { pair: files.admin }, own)).code, 201)
    const binding = {
      ...{ apiVersion, kind: 'RoleBinding', metadata: { name: 'kate' } },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'roles-writer' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'kate' }],
    }
    const bindings = `/apis/${apiVersion}/namespaces/default/rolebindings`
    assert.equal((await send('POST', bindings, { pair: files.admin }, binding)).code, 201)
    const { code, json } = await send('POST', roles, kate, about('pods', ''))
    assert.equal(code, 403)
    assert.match(json.message ?? '', /^roles\.\S+ "pods-writer" is forbidden: user "kate" .* not currently held:/)
    const another = { ...own, metadata: { name: 'another' } }
    assert.equal((await send('POST', roles, kate, another)).code, 201)
  })

  it('can-i is answered', async () => {
    const jane = { pair: await clientOf('jane') }
    const ask = async (verb: string): Promise<unknown> => {
      const spec = { resourceAttributes: { verb, resource: 'pods', namespace: 'default' } }
      const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
      return (await send('POST', path, jane, { spec })).json.status?.['allowed']
    }
    assert.deepEqual([await ask('list'), await ask('delete')], [true, false])
    assert.equal((await send('GET', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', jane)).code, 403)
  })

  it('the default roles are there', () => {
    const bindings = server.store.list(CLUSTER_ROLE_BINDINGS).items.map(({ metadata }) => metadata.name)
    assert.ok(bindings.includes('cluster-admin'))
  })

  it('garbage instead of TLS, and a client that says nothing, hold nobody up', async () => {
    const silent = connect({ host: '127.0.0.1', port: server.remotePort ?? 0, ca: files.authority })
    await new Promise((resolve) => silent.once('secureConnect', resolve))
    assert.equal((await send('GET', '/version')).code, 200)
    silent.destroy()
  })
})
