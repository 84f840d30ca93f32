import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeApiServer, sendStatus } from '../../client/fake-api-server.ts'
import { callCli } from '../fake-environment.ts'

const usage = (cpu: string, memory: string) => ({ usage: { cpu, memory } })
const container = (name: string, cpu: string, memory: string) => ({ name, ...usage(cpu, memory) })
const metadata = (name: string, namespace = 'default') => ({ name, namespace })

const PODS = [
  { metadata: metadata('web'), containers: [container('side', '1', '2Gi'), container('app', '1500001n', '600Ki')] },
  { metadata: metadata('api', 'shop'), containers: [container('app', '250m', '64Mi')] },
]
const NODES = [
  { metadata: { name: 'two' }, ...usage('1', '1Gi') },
  { metadata: { name: 'one' }, ...usage('500m', '3Gi') },
]
const CAPACITY = [{ metadata: { name: 'one' }, status: { allocatable: { cpu: '2', memory: '4Gi' } } }]

async function top(argv: readonly string[], ...lists: readonly (readonly object[])[]) {
  await using server = await FakeApiServer.open()
  for (const items of lists) {
    server.answers.push((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ metadata: {}, items }))
      return true
    })
  }
  const end = await callCli(['top', ...argv], { endpoint: server.endpoint })
  return { ...end, requests: server.requests }
}

describe('peapod top', { timeout: 10_000 }, () => {
  it('pods, as kubectl rounds: thousandths up, mebibytes down', async () => {
    const { stdout, exitCode, requests } = await top(['pods', '-A'], PODS)
    assert.equal(exitCode, 0)
    assert.equal(
      stdout,
      `NAMESPACE   NAME   CPU(cores)   MEMORY(bytes)
default     web    1002m        2048Mi
shop        api    250m         64Mi
`,
    )
    assert.deepEqual(requests, ['GET /apis/metrics.k8s.io/v1beta1/pods'])
  })

  it('containers, sorted, with a sum, without headings', async () => {
    const flags = ['--containers', '--sort-by', 'memory', '--sum', '--no-headers', '-l', 'a=b', '-n', 'shop']
    const { stdout, requests } = await top(['pod', ...flags], PODS)
    assert.equal(
      stdout,
      `web   side   1000m      2048Mi
web   app    2m         0Mi
api   app    250m       64Mi
             ________   ________
             1252m      2112Mi
`,
    )
    assert.deepEqual(requests, ['GET /apis/metrics.k8s.io/v1beta1/namespaces/shop/pods?labelSelector=a%3Db'])
  })

  it('nodes, with their share of what pods may have', async () => {
    const { stdout } = await top(['nodes'], NODES, CAPACITY)
    assert.equal(
      stdout,
      `NAME   CPU(cores)   CPU(%)      MEMORY(bytes)   MEMORY(%)
one    500m         25%         3072Mi          75%
two    1000m        <unknown>   1024Mi          <unknown>
`,
    )
    assert.match((await top(['nodes', '--sort-by', 'cpu', '--no-headers'], NODES, CAPACITY)).stdout, /^two/)
  })

  it('says when there is nothing', async () => {
    const { stdout, stderr, exitCode } = await top(['pods'], [])
    assert.deepEqual([exitCode, stdout, stderr], [0, '', 'No resources found in default namespace.\n'])
  })

  it('says when the cluster has no metrics', async () => {
    await using server = await FakeApiServer.open()
    server.answers.push((_request, response) => {
      sendStatus(response, 404, 'NotFound', 'the server could not find the requested resource')
      return true
    })
    const { stderr, exitCode } = await callCli(['top', 'nodes'], { endpoint: server.endpoint })
    assert.equal(exitCode, 1)
    assert.match(stderr, /this cluster has no metrics API \(metrics\.k8s\.io\); install metrics-server in it/)
  })

  for (const [argv, expected] of [
    [['jobs'], /top shows pods or nodes/],
    [['nodes', '--sum'], /--sum goes with "top pods" only/],
    [['pods', 'web', '-A'], /not both/],
  ] as const) {
    it(`refuses ${argv.join(' ')}`, async () => assert.match((await top(argv)).stderr, expected))
  }
})
