import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { FakeApiServer, sendStatus } from '../../client/fake-api-server.ts'
import { FakeCall, type FakeWorld } from '../fake-environment.ts'
import { FakePod } from '../run/fake-pod.ts'

const MANIFEST = `apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  containers:
  - {name: app, image: nginx}
  - {name: log-agent, image: busybox}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
`

describe('peapod up and down', { timeout: 20_000 }, () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'peapod-up-'))
    await writeFile(join(folder, 'pod.yaml'), MANIFEST)
  })
  after(() => rm(folder, { recursive: true }))

  function start(server: FakeApiServer, argv: readonly string[], world: FakeWorld = {}): FakeCall {
    // The containers of fake pods started a minute ago.
    const nowMs = (): number => Date.UTC(2026, 10, 20, 0, 1)
    return new FakeCall(argv, { endpoint: server.endpoint, cwd: folder, nowMs, ...world })
  }
  /** The requests that change something. */
  const writes = (server: FakeApiServer): readonly string[] =>
    server.requests.filter((request) => !request.startsWith('GET'))

  it('applies namespaces first and Pods last, then tells what happens until all are ready', async () => {
    await using server = await FakeApiServer.open()
    const web = new FakePod(server, 'web')
    const call = start(server, ['up', '-f', 'pod.yaml'])
    await web.created
    web.event({ reason: 'Pulling', container: 'app', message: 'Pulling image "nginx"' })
    await call.stdout.shows('pulling nginx')
    web.running('app', 'log-agent')
    assert.equal(await call.exitCode, 0)
    assert.equal(
      call.stdout.text,
      `namespace "shop" created
configmap "settings" created
pod "web" created
web/app · pulling nginx
web/app · started
web/log-agent · started
pod web: ready (2/2) in 0 s
`,
    )
    assert.deepEqual(writes(server), [
      'PATCH /api/v1/namespaces/shop?fieldManager=peapod&fieldValidation=Strict',
      'PATCH /api/v1/namespaces/shop/configmaps/settings?fieldManager=peapod&fieldValidation=Strict',
      'PATCH /api/v1/namespaces/shop/pods/web?fieldManager=peapod&fieldValidation=Strict',
    ])
    const again = start(server, ['up', 'pod.yaml', '--force-conflicts', '-o', 'json'])
    assert.equal(await again.exitCode, 0)
    const told = again.stdout.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; result?: string })
    assert.deepEqual(
      told.filter(({ type }) => type === 'object').map(({ result }) => result),
      ['unchanged', 'unchanged', 'unchanged'],
    )
    assert.deepEqual(told.at(-1), {
      time: '2026-11-20T00:01:00.000Z',
      type: 'end',
      exitCode: 0,
      pods: [{ namespace: 'shop', pod: 'web', phase: 'Running', result: 'up' }],
    })
    assert.match(writes(server).at(-1) ?? '', /force=true/)
  })

  it('on a terminal each container has one line', async () => {
    await using server = await FakeApiServer.open()
    const web = new FakePod(server, 'web')
    const call = start(server, ['up', '-f', 'pod.yaml'], { terminal: true, env: { NO_COLOR: '1' } })
    await web.created
    web.running('app', 'log-agent')
    assert.equal(await call.exitCode, 0)
    const end = call.stdout.text.split('\u001b[J').at(-1)
    assert.equal(end, '✔ web/app        started\n✔ web/log-agent  started\n')
  })

  it('exits with 1 and the reason when a container cannot start', async () => {
    await using server = await FakeApiServer.open()
    const web = new FakePod(server, 'web')
    const call = start(server, ['up', '-f', 'pod.yaml'])
    await web.created
    const pod = server.object('pods', 'web')
    assert.ok(pod)
    const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image "nginx"' }
    const status = { phase: 'Pending', containerStatuses: [{ name: 'app', restartCount: 0, state: { waiting } }] }
    server.put('pods', { ...pod, status })
    assert.equal(await call.exitCode, 1)
    assert.equal(
      call.stderr.text,
      'peapod: pod "web" is not up: app: ImagePullBackOff: Back-off pulling image "nginx"\n',
    )
  })

  it('is not taken in by a container that runs for a moment', async () => {
    await using server = await FakeApiServer.open()
    const web = new FakePod(server, 'web')
    const nowMs = (): number => Date.UTC(2026, 10, 20)
    const call = start(server, ['up', '-f', 'pod.yaml'], { nowMs })
    await web.created
    web.running('app', 'log-agent')
    await call.stdout.shows('ready (2/2)')
    web.exited('app', 3, { phase: 'Failed' })
    assert.equal(await call.exitCode, 1)
    assert.match(call.stderr.text, /^peapod: pod "web" is not up: app: exited 3$/m)
  })

  it('exits with 124 after --timeout, and says how to learn why', async () => {
    await using server = await FakeApiServer.open()
    const call = start(server, ['up', '-f', 'pod.yaml', '--timeout', '300ms'])
    assert.equal(await call.exitCode, 124)
    assert.match(
      call.stderr.text,
      /^peapod: pod "web" is not up after 0.3 s: it waits for the scheduler .*; see "peapod why web"\n$/,
    )
  })

  it('waits for nothing with --no-wait, keeps nothing with --dry-run=server', async () => {
    await using server = await FakeApiServer.open()
    const dry = start(server, ['up', '-f', 'pod.yaml', '--dry-run=server'])
    assert.equal(await dry.exitCode, 0)
    assert.match(dry.stdout.text, /^namespace "shop" created \(dry run\)$/m)
    assert.ok(writes(server).every((request) => request.endsWith('&dryRun=All')))
    assert.equal(await start(server, ['up', '-f', 'pod.yaml', '--no-wait']).exitCode, 0)
  })

  it('waits for the service account of a namespace that was just made', async () => {
    await using server = await FakeApiServer.open()
    const refuse =
      'pods "web" is forbidden: error looking up service account shop/default: serviceaccount "default" not found'
    let refusals = 0
    server.intercept = (request, response) => {
      const isPod = request.method === 'PATCH' && request.url?.includes('/pods/') === true
      if (!isPod || refusals++ === 2) return false
      sendStatus(response, 403, 'Forbidden', refuse)
      return true
    }
    assert.equal(await start(server, ['up', '-f', 'pod.yaml', '--no-wait']).exitCode, 0)
    assert.equal(refusals, 3)
  })

  const REFUSED: [rule: string, code: number, reason: string, message: string, told: RegExp][] = [
    ['conflicts name the flag', 409, 'Conflict', 'conflict with "kubectl"', /"kubectl"; use --force-conflicts/],
    [
      'what cannot be changed',
      422,
      'Invalid',
      'pod updates may not change fields',
      /; a Namespace cannot be changed so/,
    ],
    ['anything else', 403, 'Forbidden', 'no', /apply namespace "shop": the API server answered: no$/m],
  ]
  for (const [rule, code, reason, message, told] of REFUSED) {
    it(`tells what the server refuses: ${rule}`, async () => {
      await using server = await FakeApiServer.open()
      server.intercept = (request, response) => {
        if (request.method !== 'PATCH') return false
        sendStatus(response, code, reason, message)
        return true
      }
      const call = start(server, ['up', '-f', 'pod.yaml'])
      assert.equal(await call.exitCode, 1)
      assert.match(call.stderr.text, told)
    })
  }

  it('says what is wrong with manifests before it asks a server', async () => {
    await using server = await FakeApiServer.open()
    await writeFile(join(folder, 'wrong.yaml'), 'kind: Pod\nmetadata: {name: x}\n---\n{a: b: c}\n')
    await writeFile(join(folder, 'nameless.yaml'), 'apiVersion: v1\nkind: Pod\nmetadata: {generateName: x-}\n')
    const wrong = start(server, ['up', 'wrong.yaml', 'nameless.yaml'])
    assert.equal(await wrong.exitCode, 1)
    assert.match(wrong.stderr.text, /wrong\.yaml:1:\d+.*apiVersion/)
    assert.match(wrong.stderr.text, /nameless\.yaml: Pod: metadata\.name: generateName does not go with it/)
    const unknown = start(server, ['up', '-'], { stdin: 'apiVersion: v1\nkind: Pdo\nmetadata: {name: x}\n' })
    assert.equal(await unknown.exitCode, 1)
    assert.equal(unknown.stderr.text, 'peapod: the server has no kind "Pdo" in version "v1"\n')
    assert.deepEqual(writes(server), [])
  })

  it('down deletes in reverse order and waits until all is gone, the namespace last', async () => {
    await using server = await FakeApiServer.open()
    assert.equal(await start(server, ['up', '-f', 'pod.yaml', '--no-wait']).exitCode, 0)
    const remove = server.onDelete
    server.onDelete = (name, grace, plural) => {
      if (plural !== 'pods') remove(name, grace, plural)
    }
    const call = start(server, ['down', '-f', 'pod.yaml', '--grace-period', '3'])
    await call.stdout.shows('configmap "settings" deleted\n')
    assert.deepEqual(
      server.deletions.map(({ name }) => name),
      ['web', 'settings'],
    )
    server.remove('pods', 'web')
    assert.equal(await call.exitCode, 0)
    assert.equal(call.stdout.text, 'configmap "settings" deleted\npod "web" deleted\nnamespace "shop" deleted\n')
    assert.deepEqual(server.deletions[0], { name: 'web', gracePeriodSeconds: 3 })
  })

  it('down takes names of Pods; what is not there is no error; what stays after --timeout is told', async () => {
    await using server = await FakeApiServer.open()
    server.put('pods', { metadata: { name: 'a', uid: '1' } })
    server.put('pods', { metadata: { name: 'b', uid: '2' } })
    const call = start(server, ['down', 'a', 'pod/b', 'nope', '--now'])
    assert.equal(await call.exitCode, 0)
    assert.deepEqual(call.stdout.text.split('\n').toSorted(), [
      '',
      'pod "a" deleted',
      'pod "b" deleted',
      'pod "nope" is not there',
    ])
    assert.deepEqual(
      server.deletions.map(({ gracePeriodSeconds }) => gracePeriodSeconds),
      [1, 1],
    )
    server.put('pods', { metadata: { name: 'stays', uid: '3' } })
    server.onDelete = () => undefined
    const stays = start(server, ['down', 'stays', '--timeout', '200ms'])
    assert.equal(await stays.exitCode, 124)
    assert.equal(stays.stderr.text, 'peapod: still there after 0.2 s: pod "stays"\n')
  })

  it('without a server both say how to get one', async () => {
    for (const argv of [['up', '-f', 'pod.yaml'], ['down', 'web'], ['ps']]) {
      const call = new FakeCall([...argv, '--state-dir', '/nowhere'], { cwd: folder })
      assert.equal(await call.exitCode, 1)
      assert.equal(
        call.stderr.text,
        'peapod: no server runs on "/nowhere"; start "peapod serve" first, or name another cluster with --context\n',
      )
    }
  })
})
