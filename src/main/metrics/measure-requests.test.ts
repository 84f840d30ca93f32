import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseMetrics, type ParsedSample } from '../../../test/parse-metrics.ts'
import { TestServer } from '../../node/server/test-server.ts'
import { measureRequests } from './measure-requests.ts'
import { MetricsRegistry } from './metrics-registry.ts'

const PODS = '/api/v1/namespaces/default/pods'

function open(): Promise<TestServer> {
  return TestServer.open({ metrics: measureRequests(new MetricsRegistry()) })
}

async function samplesOf(server: TestServer, family: string): Promise<readonly ParsedSample[]> {
  const answer = await server.get('/metrics')
  assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  const found = parseMetrics(answer.text).get(family)
  assert.ok(found, answer.text)
  return found.samples
}

function told({ labels, value }: ParsedSample): string {
  const { verb = '', group = '', resource = '', subresource = '', code = '' } = labels
  return `${verb} ${group}/${resource}/${subresource} ${code} ${value}`
}

describe('requests are counted', () => {
  it('by what they ask for and how they are answered', async () => {
    await using server = await open()
    await server.get(PODS)
    await server.get(`${PODS}?limit=3`)
    await server.get(`${PODS}/web`)
    await server.get(`${PODS}/web/log`)
    await server.send('POST', '/api/v1/namespaces/default/configmaps', {
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } },
    })
    await server.send('DELETE', '/api/v1/namespaces/default/configmaps')
    await server.get('/apis/coordination.k8s.io/v1/leases')
    await server.get('/livez?verbose')
    await server.send('BREW', '/version')
    const totals = (await samplesOf(server, 'apiserver_request_total')).map(told)
    assert.deepEqual(totals, [
      'LIST /pods/ 200 2',
      'GET /pods/ 404 1',
      'GET /pods/log 404 1',
      'POST /configmaps/ 201 1',
      'DELETECOLLECTION /configmaps/ 200 1',
      'LIST coordination.k8s.io/leases/ 200 1',
      'GET ///livez 200 1',
    ])
    const durations = await samplesOf(server, 'apiserver_request_duration_seconds')
    const counts = durations.filter(({ name }) => name.endsWith('_count')).map(told)
    assert.deepEqual(counts.slice(0, 3), ['LIST /pods/  2', 'GET /pods/  1', 'POST /configmaps/  1'])
    assert.ok(durations.filter(({ name }) => name.endsWith('_sum')).every(({ value }) => value > 0 && value < 10))
  })

  it('in as many series as there are kinds, not as clients think of paths', async () => {
    await using server = await open()
    for (const path of ['/secret/plan', '/api/v1/spoons', '/apis/x.io/v1/ys', '/a', '/b', '/healthz/1', '/healthz/2']) {
      await server.get(path)
    }
    const totals = (await samplesOf(server, 'apiserver_request_total')).map(told)
    assert.deepEqual(totals, ['GET // 404 3', 'other // 404 2', 'GET ///healthz 404 2'])
  })

  it('while they go on: watches apart from the others', async () => {
    await using server = await open()
    const watch = await server.begin('GET', `${PODS}?watch=true`)
    const open1 = (await samplesOf(server, 'apiserver_longrunning_requests')).map(told)
    assert.deepEqual(open1, ['WATCH /pods/  1'])
    const inFlight = await samplesOf(server, 'apiserver_current_inflight_requests')
    assert.deepEqual(
      inFlight.map(({ labels, value }) => [labels['request_kind'], value]),
      [
        ['mutating', 0],
        ['readOnly', 1],
      ],
    )
    watch.destroy()
    let samples = await samplesOf(server, 'apiserver_longrunning_requests')
    for (let tries = 0; tries < 100 && samples[0]?.value !== 0; tries += 1) {
      samples = await samplesOf(server, 'apiserver_longrunning_requests')
    }
    assert.deepEqual(samples.map(told), ['WATCH /pods/  0'])
    const totals = (await samplesOf(server, 'apiserver_request_total')).map(told)
    assert.ok(totals.includes('WATCH /pods/ 200 1'), totals.join('; '))
    const durations = (await samplesOf(server, 'apiserver_request_duration_seconds')).map(
      ({ labels }) => labels['verb'],
    )
    assert.ok(!durations.includes('WATCH'))
  })

  it('by nobody who was not asked to: then there is no such document', async () => {
    await using server = await TestServer.open()
    assert.equal((await server.get('/metrics')).code, 404)
  })
})
