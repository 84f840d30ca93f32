import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES } from '../../store/resources.ts'
import { type Reply, TestServer } from '../test-server.ts'

const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const ROLES = `${RBAC}/namespaces/default/roles`
const BINDINGS = `${RBAC}/namespaces/default/rolebindings`
const GROUP = 'rbac.authorization.k8s.io'
const AS_JANE = { 'impersonate-user': 'jane', 'content-type': 'application/json' }
const AS_OWNER = { 'impersonate-user': 'olga', 'content-type': 'application/json' }

const READ_PODS = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }
const KILL_PODS = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'delete', 'create'] }

/** Jane may write roles and bindings and read pods; olga may also escalate and bind. */
describe('nobody gives away rights that they do not have', () => {
  let server: TestServer
  before(async () => {
    server = await TestServer.open()
    const writing = { apiGroups: [GROUP], resources: ['*'], verbs: ['create', 'update', 'patch', 'get'] }
    await grant('jane', [READ_PODS, writing])
    await grant('olga', [{ ...writing, verbs: ['*'] }])
    await role('reader', [READ_PODS])
    await role('killer', [KILL_PODS])
  })
  after(() => server[Symbol.asyncDispose]())

  async function grant(user: string, rules: object[]): Promise<void> {
    const apiVersion = `${GROUP}/v1`
    await server.store.create(CLUSTER_ROLES, {
      ...{ apiVersion, kind: 'ClusterRole', metadata: { name: user } },
      rules: rules as never,
    })
    await server.store.create(CLUSTER_ROLE_BINDINGS, {
      ...{ apiVersion, kind: 'ClusterRoleBinding', metadata: { name: user } },
      roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: user },
      subjects: [{ apiGroup: GROUP, kind: 'User', name: user }],
    })
  }

  async function role(name: string, rules: object[]): Promise<void> {
    assert.equal((await server.send('POST', ROLES, { body: { metadata: { name }, rules } })).code, 201)
  }

  const bindingOf = (name: string, kind: string, to: string): object => ({
    metadata: { name },
    roleRef: { apiGroup: GROUP, kind, name: to },
    subjects: [{ apiGroup: GROUP, kind: 'User', name: 'anna' }],
  })
  const post = (path: string, body: object, headers: Record<string, string> = AS_JANE): Promise<Reply> =>
    server.send('POST', path, { body, headers })

  it('a role with rights that its maker has', async () => {
    assert.equal((await post(ROLES, { metadata: { name: 'one' }, rules: [READ_PODS] })).code, 201)
  })

  it('a role with others is refused, in the words of the API server', async () => {
    const { code, json } = await post(ROLES, { metadata: { name: 'two' }, rules: [KILL_PODS] })
    assert.equal(code, 403)
    assert.equal(
      json.message,
      'roles.rbac.authorization.k8s.io "two" is forbidden: user "jane" (groups=["system:authenticated"]) is attempting ' +
        'to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete" "create"]}',
    )
    const groups = { ...AS_JANE, 'impersonate-group': 'a,b' }
    assert.match((await post(ROLES, { metadata: { name: 'two' }, rules: [KILL_PODS] }, groups)).text, /groups=.*a.*b/)
    const dry = await post(`${ROLES}?dryRun=All`, { metadata: { name: 'two' }, rules: [KILL_PODS] })
    assert.equal(dry.code, 403, 'nor is it tried')
  })

  it('a cluster role about paths, and one that gathers others', async () => {
    const paths = [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }]
    const made = await post(`${RBAC}/clusterroles`, { metadata: { name: 'paths' }, rules: paths })
    assert.match(made.json.message ?? '', /not currently held:\n\{NonResourceURLs:\["\/metrics"\], Verbs:\["get"\]\}$/)
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] }
    const gathering = await post(`${RBAC}/clusterroles`, { metadata: { name: 'gathers' }, aggregationRule })
    assert.match(gathering.json.message ?? '', /\{APIGroups:\["\*"\], Resources:\["\*"\], Verbs:\["\*"\]\}/)
  })

  it('an update that adds rights, by PUT, by each patch and by apply', async () => {
    const body = { metadata: { name: 'reader' }, rules: [KILL_PODS] }
    const path = `${ROLES}/reader`
    assert.equal((await server.send('PUT', path, { body, headers: AS_JANE })).code, 403)
    const patch = JSON.stringify({ rules: [KILL_PODS] })
    for (const type of ['merge-patch', 'strategic-merge-patch']) {
      const headers = { ...AS_JANE, 'content-type': `application/${type}+json` }
      assert.equal((await server.send('PATCH', path, { body: patch, headers })).code, 403, type)
    }
    const applied = { apiVersion: `${GROUP}/v1`, kind: 'Role', ...body }
    const headers = { ...AS_JANE, 'content-type': 'application/apply-patch+yaml' }
    const apply = (name: string): Promise<Reply> => {
      const text = JSON.stringify({ ...applied, metadata: { name } })
      return server.send('PATCH', `${ROLES}/${name}?fieldManager=x&force=true`, { body: text, headers })
    }
    assert.equal((await apply('reader')).code, 403)
    assert.equal((await apply('fresh')).code, 403, 'one that is not there yet')
  })

  it('a role with more rights keeps them: only finalizers and owners may be changed by others', async () => {
    const path = `${ROLES}/killer`
    const headers = { ...AS_JANE, 'content-type': 'application/merge-patch+json' }
    const change = (metadata: object): Promise<Reply> =>
      server.send('PATCH', path, { body: JSON.stringify({ metadata }), headers })
    assert.equal((await change({ finalizers: ['example.com/wait'] })).code, 200)
    assert.equal((await change({ finalizers: null })).code, 200)
    assert.equal((await change({ labels: { a: 'b' } })).code, 403)
    assert.equal((await change({})).code, 200, 'a write that changes nothing')
  })

  it('who may escalate gives what they like', async () => {
    assert.equal((await post(ROLES, { metadata: { name: 'three' }, rules: [KILL_PODS] }, AS_OWNER)).code, 201)
  })

  it('a binding of a role whose rights its maker has', async () => {
    assert.equal((await post(BINDINGS, bindingOf('reading', 'Role', 'reader'))).code, 201)
  })

  it('a binding of another role is refused, unless they may bind it', async () => {
    const { code, json } = await post(BINDINGS, bindingOf('killing', 'Role', 'killer'))
    assert.equal(code, 403)
    assert.match(json.message ?? '', /^rolebindings\.rbac\.authorization\.k8s\.io "killing" is forbidden: user "jane"/)
    assert.equal((await post(BINDINGS, bindingOf('killing', 'Role', 'killer'), AS_OWNER)).code, 201)
    const everywhere = await post(`${RBAC}/clusterrolebindings`, bindingOf('all', 'ClusterRole', 'olga'))
    assert.match(everywhere.json.message ?? '', /^clusterrolebindings\.\S+ "all" is forbidden/)
  })

  it('a binding that gets more subjects is a new gift', async () => {
    const headers = { ...AS_JANE, 'content-type': 'application/merge-patch+json' }
    const body = JSON.stringify({ subjects: [{ apiGroup: GROUP, kind: 'User', name: 'jane' }] })
    assert.equal((await server.send('PATCH', `${BINDINGS}/killing`, { body, headers })).code, 403)
    assert.equal((await server.send('PATCH', `${BINDINGS}/reading`, { body, headers })).code, 200)
  })

  it('a role that nobody made can be bound by who may bind any', async () => {
    const { code, json } = await post(BINDINGS, bindingOf('nothing', 'Role', 'nobody'))
    assert.deepEqual([code, json.message], [404, 'roles.rbac.authorization.k8s.io "nobody" not found'])
    assert.equal((await post(BINDINGS, bindingOf('nothing', 'Role', 'nobody'), AS_OWNER)).code, 201)
  })
})
