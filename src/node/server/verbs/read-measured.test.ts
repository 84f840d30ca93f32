import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod } from '../../../kube/api/pod.ts'
import { NODES, PODS } from '../../store/resources.ts'
import type { ResourceUsage } from '../resource-usage.ts'
import { TestServer } from '../test-server.ts'

const GROUP = '/apis/metrics.k8s.io/v1beta1'
const AT_MS = Date.parse('2026-01-02T03:04:00.250Z')

/** Everything runs that has `web` in its UID: a quarter of a core and 64 MiB, and a proxy that does nothing. */
const usage: ResourceUsage = {
  pods: (uids) =>
    Promise.resolve(
      new Map(
        uids
          .filter((uid) => uid.includes('web'))
          .map((uid) => [
            uid,
            {
              atMs: AT_MS,
              windowMs: 10_250,
              containers: [
                { name: 'app', cpuNanocores: 250_000_000, memoryBytes: 67_108_864 },
                { name: 'proxy', cpuNanocores: 0, memoryBytes: 1_000 },
              ],
            },
          ]),
      ),
    ),
  machine: () => Promise.resolve({ atMs: AT_MS, windowMs: 1_010, cpuNanocores: 1_500_000_000, memoryBytes: 2 ** 30 }),
}

function podCalled(name: string, labels: Readonly<Record<string, string>> | undefined): Pod {
  const metadata = { name, namespace: 'default', uid: `uid-of-${name}`, ...(labels && { labels }) }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: {} } as Pod
}

async function open(): Promise<TestServer> {
  const server = await TestServer.open({ usage })
  await server.store.create(PODS, podCalled('web', { app: 'web' }))
  await server.store.create(PODS, podCalled('idle', undefined))
  for (const name of ['test-node', 'moon']) {
    await server.store.create(NODES, { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { on: name } } })
  }
  return server
}

const WEB = {
  kind: 'PodMetrics',
  apiVersion: 'metrics.k8s.io/v1beta1',
  metadata: {
    name: 'web',
    namespace: 'default',
    creationTimestamp: '2026-01-02T03:04:05Z',
    labels: { app: 'web' },
  },
  timestamp: '2026-01-02T03:04:00Z',
  window: '10.25s',
  containers: [
    { name: 'app', usage: { cpu: '250000000n', memory: '65536Ki' } },
    { name: 'proxy', usage: { cpu: '0', memory: '1000' } },
  ],
}

describe('metrics.k8s.io', () => {
  it('lists and gets what pods use, of which something runs', async () => {
    await using server = await open()
    const list = { kind: 'PodMetricsList', apiVersion: 'metrics.k8s.io/v1beta1', metadata: {}, items: [WEB] }
    assert.deepEqual((await server.get(`${GROUP}/pods`)).json, list)
    assert.deepEqual((await server.get(`${GROUP}/namespaces/default/pods`)).json, list)
    assert.deepEqual((await server.get(`${GROUP}/namespaces/other/pods`)).json, { ...list, items: [] })
    assert.deepEqual((await server.get(`${GROUP}/namespaces/default/pods/web`)).json, WEB)
  })

  it('lists and gets what this node uses, and of no other', async () => {
    await using server = await open()
    const node = {
      kind: 'NodeMetrics',
      apiVersion: 'metrics.k8s.io/v1beta1',
      metadata: { name: 'test-node', creationTimestamp: '2026-01-02T03:04:05Z', labels: { on: 'test-node' } },
      timestamp: '2026-01-02T03:04:00Z',
      window: '1.01s',
      usage: { cpu: '1500000000n', memory: '1048576Ki' },
    }
    const list = { kind: 'NodeMetricsList', apiVersion: 'metrics.k8s.io/v1beta1', metadata: {}, items: [node] }
    assert.deepEqual((await server.get(`${GROUP}/nodes`)).json, list)
    assert.deepEqual((await server.get(`${GROUP}/nodes/test-node`)).json, node)
  })

  it('selects by the labels and names of what is measured', async () => {
    await using server = await open()
    const names = async (query: string): Promise<unknown> =>
      (await server.get(`${GROUP}/pods?${query}`)).json.items?.map(({ metadata }) => metadata.name)
    assert.deepEqual(await names('labelSelector=app%3Dweb'), ['web'])
    assert.deepEqual(await names('labelSelector=app!%3Dweb'), [])
    assert.deepEqual(await names('fieldSelector=metadata.name%3Dweb'), ['web'])
    assert.equal((await server.get(`${GROUP}/pods?fieldSelector=status.phase%3DRunning`)).code, 400)
  })

  const refusals: [method: string, path: string, code: number, message: string][] = [
    ['GET', `${GROUP}/namespaces/default/pods/idle`, 404, 'podmetrics.metrics.k8s.io "default/idle" not found'],
    ['GET', `${GROUP}/namespaces/default/pods/none`, 404, 'pods "default/none" not found'],
    ['GET', `${GROUP}/nodes/moon`, 404, 'nodemetrics.metrics.k8s.io "moon" not found'],
    ['GET', `${GROUP}/pods?watch=true`, 405, 'the server does not allow this method on the requested resource'],
    [
      'POST',
      `${GROUP}/namespaces/default/pods`,
      405,
      'the server does not allow this method on the requested resource',
    ],
    ['DELETE', `${GROUP}/nodes/moon`, 405, 'the server does not allow this method on the requested resource'],
    ['GET', `${GROUP}/namespaces/default/pods/web/status`, 404, 'the server could not find the requested resource'],
  ]
  for (const [method, path, code, message] of refusals) {
    it(`answers ${method} ${path} with ${code}`, async () => {
      await using server = await open()
      const answer = await server.send(method, path)
      assert.deepEqual([answer.code, answer.json.message], [code, message])
    })
  }

  it('says so when nobody measures', async () => {
    await using server = await TestServer.open()
    assert.equal((await server.get(`${GROUP}/nodes`)).code, 503)
  })

  it('has the tables of the metrics server: a pod uses what its containers use', async () => {
    await using server = await open()
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
    const { json } = await server.get(`${GROUP}/pods`, { accept })
    const { columnDefinitions, rows } = json as unknown as {
      readonly columnDefinitions: readonly { readonly name: string }[]
      readonly rows: readonly { readonly cells: readonly unknown[] }[]
    }
    assert.deepEqual(
      columnDefinitions.map(({ name }) => name),
      ['Name', 'cpu', 'memory', 'Window'],
    )
    assert.deepEqual(
      rows.map(({ cells }) => cells),
      [['web', '250000000n', '67109864', '10.25s']],
    )
  })

  it('is discovered as what can be read and no more', async () => {
    await using server = await open()
    const { resources } = (await server.get(GROUP)).json as unknown as { resources: readonly object[] }
    assert.deepEqual(resources, [
      { name: 'nodes', singularName: 'nodemetrics', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] },
      { name: 'pods', singularName: 'podmetrics', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
    ])
  })
})
