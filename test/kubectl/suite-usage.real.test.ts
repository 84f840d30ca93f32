import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { shell, UNTIL_STOPPED } from '../real/sample-pods.ts'
import { realCluster, ServedCluster } from './served-cluster.ts'
import { type Answer, type AnsweredObject, SuiteClient } from './suite-client.ts'

/**
 * What the conformance suite for nodes sends, verb by verb and parameter by parameter, as counted in an audit log of a
 * run: around every test, in its tests, and what its machinery sends meanwhile. Bodies are JSON.
 */
const LIMIT_MS = 30_000
const LOOK_EVERY_MS = 50

const NAMESPACE = 'pods-1234'
const HOME = `/api/v1/namespaces/${NAMESPACE}`

/** Requests that are answered at once, by their code. */
const REQUESTS: readonly (readonly [method: string, path: string, code: number, body?: object])[] = [
  ['GET', '/version', 200],
  ['GET', '/api/v1/nodes?resourceVersion=0', 200],
  ['GET', '/api/v1/nodes?fieldSelector=spec.unschedulable%3Dfalse&resourceVersion=0', 200],
  ['GET', '/api/v1/namespaces/kube-system/pods', 200],
  ['GET', '/api/v1/namespaces/default/services/kubernetes', 200],
  ['GET', '/api/v1/namespaces/default/endpoints/kubernetes', 200],
  ['GET', `${HOME}/serviceaccounts?fieldSelector=metadata.name%3Ddefault&limit=500&resourceVersion=0`, 200],
  ['POST', `${HOME}/configmaps`, 201, { metadata: { name: 'values' }, data: { 'data-1': 'value-1' } }],
  ['GET', `${HOME}/configmaps?fieldSelector=metadata.name%3Dvalues&limit=500&resourceVersion=0`, 200],
  ['PUT', `${HOME}/configmaps/values`, 200, { metadata: { name: 'values' }, data: { 'data-1': 'value-2' } }],
  ['DELETE', `${HOME}/configmaps/values`, 200, {}],
  ['POST', `${HOME}/secrets`, 201, { metadata: { name: 'key' }, data: { word: 'c2VjcmV0' } }],
  ['PUT', `${HOME}/secrets/key`, 200, { metadata: { name: 'key' }, data: { word: 'c2VjcmV0' } }],
  ['DELETE', `${HOME}/secrets/key`, 200, {}],
  [
    'POST',
    `${HOME}/services`,
    201,
    { metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } },
  ],
  ['DELETE', `${HOME}/services/web`, 200, {}],
  ['GET', `${HOME}/pods/nope`, 404],
  ['DELETE', `${HOME}/pods/nope`, 404, {}],
  ['GET', `${HOME}/pods?limit=500&resourceVersion=0`, 200],
  [
    'POST',
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    201,
    { spec: { user: 'x', resourceAttributes: { verb: 'get', resource: 'pods' } } },
  ],
  [
    'POST',
    '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    201,
    { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } },
  ],
  ['POST', '/apis/authentication.k8s.io/v1/tokenreviews', 201, { spec: { token: 'x' } }],
  ['POST', `${HOME}/serviceaccounts/default/token`, 201, { spec: { expirationSeconds: 600 } }],
  ['POST', `${HOME}/resourcequotas`, 201, { metadata: { name: 'few' }, spec: { hard: { pods: '9' } } }],
  ['GET', `${HOME}/resourcequotas/few`, 200],
  ['DELETE', `${HOME}/endpoints?labelSelector=a%3Db`, 200, {}],
  ['GET', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases?limit=500', 200],
  ['GET', '/apis/node.k8s.io/v1/runtimeclasses?limit=500&resourceVersion=0', 200],
  ['GET', '/apis/policy/v1beta1/podsecuritypolicies', 404],
  ['GET', '/openapi/v2', 200],
]

describe('what the conformance suite for nodes sends', realCluster, () => {
  let cluster: ServedCluster
  let client: SuiteClient
  before(async () => {
    cluster = await ServedCluster.open()
    client = new SuiteClient(cluster.kubeconfig)
  })
  after(async () => {
    await client.send('DELETE', `/api/v1/namespaces/${NAMESPACE}`, {})
    await until('the namespace is gone', `/api/v1/namespaces/${NAMESPACE}`, ({ code }) => code === 404)
    client[Symbol.dispose]()
    await cluster.close()
  })

  async function until(what: string, path: string, isSo: (answer: Answer) => boolean): Promise<AnsweredObject> {
    const endsAtMs = performance.now() + LIMIT_MS
    for (;;) {
      const answer = await client.get(path)
      if (isSo(answer)) return answer.json
      assert.ok(performance.now() < endsAtMs, `waited for: ${what}; last seen: ${answer.text}`)
      await delay(LOOK_EVERY_MS)
    }
  }
  const untilPhase = (pod: string, phase: string): Promise<AnsweredObject> =>
    until(`${pod} is ${phase}`, `${HOME}/pods/${pod}`, ({ json }) => json.status?.['phase'] === phase)
  const create = async (name: string, spec: object, labels: object = {}): Promise<AnsweredObject> => {
    const answer = await client.send('POST', `${HOME}/pods`, { metadata: { name, labels }, spec })
    assert.equal(answer.code, 201, answer.text)
    return answer.json
  }

  it('every node is ready and schedulable', async () => {
    const { json } = await client.get('/api/v1/nodes?fieldSelector=spec.unschedulable%3Dfalse&resourceVersion=0')
    assert.equal(json.items?.length, 1)
    const [{ status, spec } = {}] = json.items ?? []
    const conditions = (status?.['conditions'] ?? []) as readonly { type: string; status: string }[]
    assert.equal(conditions.find(({ type }) => type === 'Ready')?.status, 'True')
    assert.equal(spec?.['taints'], undefined)
  })

  it('a namespace with labels has its account at once, and the certificate to trust', async () => {
    const labels = { 'e2e-framework': 'pods', 'e2e-run': 'c0ffee' }
    const made = await client.send('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE, labels } })
    assert.equal(made.code, 201, made.text)
    const accounts = `${HOME}/serviceaccounts?fieldSelector=metadata.name%3Ddefault`
    const { json } = await client.get(`${accounts}&limit=500&resourceVersion=0`)
    const from = String(json.metadata?.resourceVersion)
    const query = `&allowWatchBookmarks=true&resourceVersion=${from}&timeout=1s&timeoutSeconds=1&watch=true`
    const seen = [...(json.items ?? []), ...(await client.watch(`${accounts}${query}`)).map(({ object }) => object)]
    assert.ok(
      seen.some(({ metadata }) => metadata?.name === 'default'),
      JSON.stringify(seen),
    )
    const { json: root } = await client.get(`${HOME}/configmaps/kube-root-ca.crt`)
    assert.match(String((root['data'] as Record<string, string>)['ca.crt']), /^-----BEGIN CERTIFICATE-----/)
  })

  it('single requests are answered by the codes that they had', async () => {
    const codes: unknown[] = []
    for (const [method, path, , body] of REQUESTS)
      codes.push([method, path, (await client.send(method, path, body)).code])
    assert.deepEqual(
      codes,
      REQUESTS.map(([method, path, code]) => [method, path, code]),
    )
  })

  it('a pod: create, poll, log, events, update, delete', async () => {
    const container = shell('app', 'echo from the pod; exit 0')
    await create('short', { restartPolicy: 'Never', containers: [container] }, { name: 'foo', time: '1' })
    await untilPhase('short', 'Succeeded')
    assert.equal((await client.get(`${HOME}/pods/short/log?container=app&previous=false`)).text, 'from the pod\n')
    const since = encodeURIComponent(new Date(Date.now() + 60_000).toISOString())
    assert.equal((await client.get(`${HOME}/pods/short/log?container=app&sinceTime=${since}`)).text, '')
    const selector = `involvedObject.kind=Pod,involvedObject.name=short,involvedObject.namespace=${NAMESPACE},source=kubelet`
    const events = await client.get(`${HOME}/events?fieldSelector=${encodeURIComponent(selector)}`)
    assert.ok(
      events.json.items?.some(({ reason }) => reason === 'Started'),
      events.text,
    )
    assert.equal(
      (await client.get(`${HOME}/pods?labelSelector=${encodeURIComponent('name=foo,time in (1,2)')}`)).json.items
        ?.length,
      1,
    )
    const current = await client.get(`${HOME}/pods/short`)
    const metadata = { ...current.json.metadata, labels: { name: 'foo', time: '2' } }
    assert.equal((await client.send('PUT', `${HOME}/pods/short`, { ...current.json, metadata })).code, 200)
    assert.equal((await client.send('PUT', `${HOME}/pods/short`, { ...current.json, metadata })).code, 409)
    assert.equal((await client.send('DELETE', `${HOME}/pods/short`, { gracePeriodSeconds: 0 })).code, 200)
    await until('it is gone', `${HOME}/pods/short`, ({ code }) => code === 404)
  })

  it('a pod is seen to come, to be asked to end, and to go', async () => {
    const list = await client.get(`${HOME}/pods?labelSelector=time%3Dnow&resourceVersion=0&limit=500`)
    const from = String(list.json.metadata?.resourceVersion)
    const path = `${HOME}/pods?labelSelector=time%3Dnow&allowWatchBookmarks=true&resourceVersion=${from}&watch=true`
    const watching = client.watch(`${path}&timeout=6s&timeoutSeconds=6`)
    await create('graceful', { containers: [shell('app', UNTIL_STOPPED)] }, { time: 'now' })
    await untilPhase('graceful', 'Running')
    const deleted = await client.send('DELETE', `${HOME}/pods/graceful`, { gracePeriodSeconds: 15 })
    assert.equal(deleted.code, 200)
    assert.equal(deleted.json.metadata?.['deletionGracePeriodSeconds'], 15)
    await until('it is gone', `${HOME}/pods/graceful`, ({ code }) => code === 404)
    const types = (await watching).map(({ type }) => type).filter((type) => type !== 'BOOKMARK')
    assert.equal(types[0], 'ADDED')
    assert.equal(types.at(-1), 'DELETED')
    assert.deepEqual(new Set(types.slice(1, -1)), new Set(['MODIFIED']))
  })

  it('the status is written by its subresource', async () => {
    await create('gated', {
      containers: [shell('app', UNTIL_STOPPED)],
      readinessGates: [{ conditionType: 'example.com/gate' }],
      terminationGracePeriodSeconds: 0,
    })
    const ready = ({ json }: Answer): string | undefined =>
      ((json.status?.['conditions'] ?? []) as { type: string; status: string }[]).find(({ type }) => type === 'Ready')
        ?.status
    await untilPhase('gated', 'Running')
    const conditions = [{ type: 'example.com/gate', status: 'True' }]
    const strategic = 'application/strategic-merge-patch+json'
    const patched = await client.send('PATCH', `${HOME}/pods/gated/status`, { status: { conditions } }, strategic)
    assert.equal(patched.code, 200, patched.text)
    await until('the gate is open', `${HOME}/pods/gated`, (answer) => ready(answer) === 'True')
    const label = { metadata: { labels: { patched: 'yes' } }, spec: { activeDeadlineSeconds: 3600 } }
    assert.equal((await client.send('PATCH', `${HOME}/pods/gated`, label, strategic)).code, 200)
    const all = await client.send('DELETE', `${HOME}/pods?labelSelector=patched%3Dyes`, {})
    assert.equal(all.code, 200)
    await until('it is gone', `${HOME}/pods/gated`, ({ code }) => code === 404)
  })

  it('events are made, counted up and watched as a node does', async () => {
    const event = {
      metadata: { name: 'told.1' },
      involvedObject: { kind: 'Pod', name: 'x', namespace: NAMESPACE, uid: 'u' },
      reason: 'Told',
      message: 'once',
      type: 'Normal',
      count: 1,
    }
    assert.equal((await client.send('POST', `${HOME}/events`, event)).code, 201)
    const more = { count: 2, lastTimestamp: '2026-01-02T03:04:05Z', message: 'twice' }
    const patched = await client.send('PATCH', `${HOME}/events/told.1`, more, 'application/strategic-merge-patch+json')
    assert.deepEqual([patched.code, patched.json['count'], patched.json.message], [200, 2, 'twice'])
    const uid = encodeURIComponent('involvedObject.uid=u,type!=Warning')
    assert.equal((await client.get(`${HOME}/events?fieldSelector=${uid}`)).json.items?.length, 1)
    const gone = { ...event, metadata: { name: 'told.2', namespace: 'nowhere' } }
    assert.equal((await client.send('POST', '/api/v1/namespaces/nowhere/events', gone)).code, 404)
  })
})
