import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../failure.ts'
import { Discovery } from './discovery.ts'

const resource = (name: string, kind: string, more: object = {}): object => ({
  name,
  kind,
  singularName: kind.toLowerCase(),
  namespaced: true,
  ...more,
})

/** Documents by path; what is not there is not found. */
const DOCUMENTS: Readonly<Record<string, object>> = {
  '/api/v1': {
    resources: [
      resource('pods', 'Pod', { shortNames: ['po'] }),
      resource('pods/log', 'Pod', { singularName: '' }),
      resource('nodes', 'Node', { shortNames: ['no'], namespaced: false }),
    ],
  },
  '/apis': {
    groups: [
      { name: 'apps', preferredVersion: { groupVersion: 'apps/v1' } },
      { name: 'metrics.k8s.io', preferredVersion: { groupVersion: 'metrics.k8s.io/v1beta1' } },
    ],
  },
  '/apis/apps/v1': { resources: [resource('deployments', 'Deployment', { shortNames: ['deploy'] })] },
  '/apis/metrics.k8s.io/v1beta1': { resources: [resource('pods', 'PodMetrics'), resource('nodes', 'NodeMetrics')] },
}

function discover(): { readonly discovery: Discovery; readonly asked: string[] } {
  const asked: string[] = []
  const read = (path: string): Promise<unknown> => {
    asked.push(path)
    const found = DOCUMENTS[path]
    return found === undefined ? Promise.reject(new Failure('NotFound', 'not found')) : Promise.resolve(found)
  }
  return { asked, discovery: new Discovery({ read }) }
}

describe('the kinds of a server', () => {
  const NAMES: [word: string, place: string, asked: number][] = [
    ['pods', 'v1 pods', 1],
    ['Pod', 'v1 pods', 1],
    ['po', 'v1 pods', 1],
    ['no', 'v1 nodes', 1],
    ['deploy', 'apps/v1 deployments', 3],
    ['deployments.apps', 'apps/v1 deployments', 2],
    ['pods.metrics.k8s.io', 'metrics.k8s.io/v1beta1 pods', 2],
    ['pods.metrics', 'metrics.k8s.io/v1beta1 pods', 2],
  ]
  for (const [word, place, requests] of NAMES) {
    it(`${word} is ${place}, after ${requests} requests`, async () => {
      const { discovery, asked } = discover()
      const type = await discovery.named(word)
      assert.equal(`${type.apiVersion} ${type.plural}`, place)
      assert.equal(asked.length, requests)
    })
  }

  it('are found by kind; each document is asked for once', async () => {
    const { discovery, asked } = discover()
    const wanted = { apiVersion: 'v1', kind: 'Node', plural: 'nodes', namespaced: false }
    assert.deepEqual(await discovery.ofKind('v1', 'Node'), wanted)
    assert.equal((await discovery.ofKind('v1', 'Pod')).plural, 'pods')
    assert.deepEqual(asked, ['/api/v1'])
  })

  it('those that it has not are named', async () => {
    const { discovery } = discover()
    await assert.rejects(discovery.ofKind('v1', 'Pdo'), /no kind "Pdo" in version "v1"/)
    await assert.rejects(discovery.ofKind('batch/v1', 'Job'), /no kind "Job" in version "batch\/v1"/)
    await assert.rejects(discovery.named('jobs'), /the server doesn't have a resource type "jobs"/)
  })
})
