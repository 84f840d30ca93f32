import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeApiServer, type FakeObject } from '../../client/fake-api-server.ts'
import { callCli, FakeCall } from '../fake-environment.ts'

const COLUMNS = ['Name', 'Ready', 'Status', 'Restarts', 'Age']
const running = { running: { startedAt: '2026-11-19T23:59:00Z' } }
const container = (name: string, state: object, more: object = {}) => ({
  name,
  restartCount: 0,
  ready: true,
  state,
  ...more,
})

const WEB: FakeObject = {
  metadata: { name: 'web', namespace: 'shop', uid: '1', labels: { app: 'web' } },
  spec: {
    initContainers: [{ name: 'init' }, { name: 'proxy', restartPolicy: 'Always' }],
    containers: [{ name: 'app' }, { name: 'agent' }],
  },
  status: {
    podIP: '10.0.0.1',
    initContainerStatuses: [
      container('init', { terminated: { exitCode: 0, reason: 'Completed' } }),
      container('proxy', running),
    ],
    containerStatuses: [
      container('app', { waiting: { reason: 'CrashLoopBackOff' } }, { ready: false, restartCount: 3 }),
      container('agent', { terminated: { exitCode: 2, finishedAt: '2026-11-19T23:00:00Z' } }, { ready: false }),
    ],
  },
}

async function openServer(): Promise<FakeApiServer> {
  const server = await FakeApiServer.open()
  server.table = (items) => ({
    columnDefinitions: [
      ...COLUMNS.map((name) => ({ name, priority: 0 })),
      ...['IP', 'Node'].map((name) => ({ name, priority: 1 })),
    ],
    rows: items.map((object) => ({
      cells: [object.metadata.name, '1/3', 'CrashLoopBackOff', '3 (5s ago)', '1m', '10.0.0.1', 'here'],
      object,
    })),
  })
  return server
}

describe('peapod ps', { timeout: 10_000 }, () => {
  it('shows the rows of the server, each with its containers', async () => {
    await using server = await openServer()
    server.put('pods', WEB)
    const { stdout, exitCode } = await callCli(['ps', '-n', 'shop'], { endpoint: server.endpoint })
    assert.equal(exitCode, 0)
    assert.equal(
      stdout,
      `NAME       READY   STATUS             RESTARTS     AGE   IP
web        1/3     CrashLoopBackOff   3 (5s ago)   1m    10.0.0.1
├─ proxy   1/1     Running            0            60s
├─ app     0/1     CrashLoopBackOff   3
└─ agent   0/1     ExitCode:2         0            60m
`,
    )
    assert.deepEqual(server.requests, ['GET /api/v1/namespaces/shop/pods?includeObject=Object'])
  })

  it('of all namespaces, wide, without containers, with a selector', async () => {
    await using server = await openServer()
    server.put('pods', WEB)
    const argv = ['ps', '-A', '-o', 'wide', '--no-containers', '-l', 'app=web']
    const { stdout } = await callCli(argv, { endpoint: server.endpoint })
    assert.equal(
      stdout,
      `NAMESPACE   NAME   READY   STATUS             RESTARTS     AGE   IP         NODE
shop        web    1/3     CrashLoopBackOff   3 (5s ago)   1m    10.0.0.1   here
`,
    )
    assert.deepEqual(server.requests, ['GET /api/v1/pods?includeObject=Object&labelSelector=app%3Dweb'])
  })

  it('says when there is none', async () => {
    await using server = await openServer()
    const { stdout, stderr } = await callCli(['ps'], { endpoint: server.endpoint })
    assert.deepEqual([stdout, stderr], ['', 'No Pods found in namespace "default"\n'])
  })

  it('prints objects for programs', async () => {
    await using server = await openServer()
    server.put('pods', WEB)
    const { endpoint } = server
    assert.equal((await callCli(['ps', '-o', 'name'], { endpoint })).stdout, 'pod/web\n')
    const { kind, items } = JSON.parse((await callCli(['ps', '-o', 'json'], { endpoint })).stdout) as {
      kind: string
      items: { apiVersion: string; kind: string }[]
    }
    assert.deepEqual([kind, items[0]?.apiVersion, items[0]?.kind], ['List', 'v1', 'Pod'])
    assert.match(
      (await callCli(['ps', '-o', 'yaml'], { endpoint })).stdout,
      /^apiVersion: v1\nkind: List\n[^]*^ {4}name: web$/m,
    )
  })

  it('with --watch prints each Pod again when it changes, until Ctrl-C', async () => {
    await using server = await openServer()
    server.put('pods', WEB)
    const call = new FakeCall(['ps', '--watch', '--no-containers'], { endpoint: server.endpoint })
    await call.stdout.shows('web ')
    server.put('pods', { ...WEB, metadata: { ...WEB.metadata, name: 'other' } })
    await call.stdout.shows('other')
    call.interrupt()
    assert.equal(await call.exitCode, 130)
  })
})
