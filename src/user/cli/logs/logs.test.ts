import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeApiServer, type FakeObject } from '../../client/fake-api-server.ts'
import { callCli, FakeCall } from '../fake-environment.ts'

interface FakePod {
  readonly name?: string
  readonly containers?: readonly string[]
  readonly restarts?: number
  readonly state?: object
  readonly phase?: string
}

function pod({
  name = 'web',
  containers = ['app'],
  restarts = 0,
  state = { running: {} },
  phase = 'Running',
}: FakePod = {}): FakeObject {
  return {
    metadata: { name, namespace: 'default', uid: `uid-of-${name}` },
    spec: { restartPolicy: 'OnFailure', containers: containers.map((container) => ({ name: container })) },
    status: {
      phase,
      containerStatuses: containers.map((container) => ({ name: container, restartCount: restarts, state })),
    },
  }
}

const ended = (exitCode: number) => ({ terminated: { exitCode } })

describe('peapod logs', { timeout: 20_000 }, () => {
  it('one container: the bytes as they are, with the flags of kubectl', async () => {
    await using server = await FakeApiServer.open()
    server.put('pods', pod())
    const log = server.startLog('app')
    log.write('one', 'two')
    log.end()
    const flags = ['--tail', '5', '--since', '90s', '--limit-bytes', '100', '--timestamps']
    const { exitCode, stdout, stderr } = await callCli(['logs', 'web', ...flags], { endpoint: server.endpoint })
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.match(stdout, /^2026-11-20T\S+Z one\n2026-11-20T\S+Z two\n$/)
    assert.equal(
      server.requests.at(-1),
      'GET /api/v1/namespaces/default/pods/web/log?tailLines=5&sinceSeconds=90&limitBytes=100&container=app&previous=false&timestamps=true',
    )
  })

  it('of several containers the first one, and says so; all of them in the order of time', async () => {
    await using server = await FakeApiServer.open()
    server.put('pods', pod({ containers: ['app', 'side'] }))
    const [app, side] = [server.startLog('app'), server.startLog('side')]
    app.write('one')
    side.write('two')
    app.write('three')
    for (const log of [app, side]) log.end()
    const at = { endpoint: server.endpoint }
    const first = await callCli(['logs', 'pod/web'], at)
    assert.deepEqual([first.stdout, first.stderr], ['one\nthree\n', 'Defaulted container "app" out of: app, side\n'])
    const all = await callCli(['logs', 'web', '--all-containers'], at)
    assert.equal(all.stdout, 'app  | one\nside | two\napp  | three\n')
    const full = await callCli(['logs', 'web', '--all-containers', '--prefix'], at)
    assert.equal(full.stdout, '[pod/web/app] one\n[pod/web/side] two\n[pod/web/app] three\n')
    const bare = await callCli(['logs', 'web', '--all-containers', '--no-prefix', '--limit-bytes', '6'], at)
    assert.equal(bare.stdout, 'one\ntwo\nth\n')
    assert.equal((await callCli(['logs', 'web', 'side'], at)).stdout, 'two\n')
  })

  it('a container that has no log yet is told of; the others are shown', async () => {
    await using server = await FakeApiServer.open()
    server.put('pods', pod({ containers: ['app', 'side'] }))
    const log = server.startLog('side')
    log.write('two')
    log.end()
    const { exitCode, stdout, stderr } = await callCli(['logs', 'web', '--all-containers'], {
      endpoint: server.endpoint,
    })
    assert.deepEqual([exitCode, stdout], [1, 'side | two\n'])
    assert.match(stderr, /container "app" is waiting to start: ContainerCreating/)
    const ignored = await callCli(['logs', 'web', '--all-containers', '--ignore-errors'], { endpoint: server.endpoint })
    assert.equal(ignored.exitCode, 0)
  })

  it('with the events of the pod in between', async () => {
    await using server = await FakeApiServer.open()
    server.put('pods', pod())
    const log = server.startLog('app')
    log.write('one')
    log.end()
    server.put('events', {
      metadata: { name: 'e', namespace: 'default' },
      involvedObject: { kind: 'Pod', name: 'web', uid: 'uid-of-web', fieldPath: 'spec.containers{app}' },
      type: 'Warning',
      reason: 'Unhealthy',
      message: 'it is not well',
      count: 3,
      lastTimestamp: '2027-01-01T00:00:00Z',
    })
    const { stdout } = await callCli(['logs', 'web', '--events'], { endpoint: server.endpoint })
    assert.equal(stdout, 'app | one\napp · warning: Unhealthy: it is not well (3 times)\n')
  })

  it('--follow goes on over a restart, and ends when the container stays down', async () => {
    await using server = await FakeApiServer.open()
    server.put('pods', pod())
    const first = server.startLog('app')
    first.write('old', 'one')
    const call = new FakeCall(['logs', '-f', 'web', '--tail', '1'], { endpoint: server.endpoint })
    await call.stdout.shows('one\n')
    first.write('two')
    await call.stdout.shows('two\n')
    first.end()
    server.put('pods', pod({ state: ended(1) }))
    const second = server.startLog('app')
    second.write('three')
    server.put('pods', pod({ restarts: 1 }))
    await call.stdout.shows('three\n')
    second.end()
    server.put('pods', pod({ restarts: 1, state: ended(0) }))
    assert.equal(await call.exitCode, 0)
    assert.ok(call.stdout.text.endsWith('one\ntwo\nthree\n'), call.stdout.text)
    assert.equal(call.stderr.text, 'app · started again (restart 1)\n')
    // Only what stood there is cut to its end.
    const tails = server.requests
      .filter((request) => request.includes('/log?'))
      .map((request) => request.includes('tailLines=1'))
    assert.deepEqual([tails[0], tails.at(-1)], [true, false])
  })

  it('--follow waits for a container that has not started; Ctrl-C ends it without a word', async () => {
    await using server = await FakeApiServer.open()
    server.put('pods', pod({ state: { waiting: { reason: 'ContainerCreating' } }, phase: 'Pending' }))
    const call = new FakeCall(['logs', '-f', 'web'], { endpoint: server.endpoint })
    server.startLog('app').write('at last')
    server.put('pods', pod())
    await call.stdout.shows('at last\n')
    call.interrupt()
    assert.equal(await call.exitCode, 130)
    assert.equal(call.stderr.text, '')
  })

  it('--follow ends with its pod', async () => {
    await using server = await FakeApiServer.open()
    server.put('pods', pod())
    const log = server.startLog('app')
    log.write('one')
    const call = new FakeCall(['logs', '-f', 'web'], { endpoint: server.endpoint })
    await call.stdout.shows('one\n')
    log.end()
    server.remove('pods', 'web')
    assert.equal(await call.exitCode, 0)
  })

  it('of all pods that a selector finds', async () => {
    await using server = await FakeApiServer.open()
    for (const name of ['web-1', 'web-2']) server.put('pods', pod({ name }))
    const log = server.startLog('app')
    log.write('one')
    log.end()
    const { stdout } = await callCli(['logs', '-l', 'app=web'], { endpoint: server.endpoint })
    assert.equal(stdout, 'web-1/app | one\nweb-2/app | one\n')
    assert.ok(server.requests.some((request) => request.includes('labelSelector=app%3Dweb')))
    assert.ok(server.requests.some((request) => request.includes('tailLines=10')))
  })

  for (const [argv, expected] of [
    [['web', '-l', 'a=b'], /only one of them/],
    [[], /only one of them/],
    [['web', '-c', 'none'], /has no container "none"; it has app, side/],
    [['web', '-c', 'app', '--all-containers'], /--all-containers goes with no container name/],
    [['web', '--since', '1s', '--since-time', '2026-11-20T10:00:00Z'], /only one of --since and --since-time/],
    [['web', '--since-time', 'yesterday'], /must be an RFC 3339 instant/],
    [['web', '--tail', 'x'], /--tail must be a number of lines/],
    [['web', '--limit-bytes', '0'], /greater than 0/],
    [['web', '-f', '--limit-bytes', '9'], /does not go with --follow/],
    [
      ['web', '-f', '--all-containers', '--max-log-requests', '1'],
      /at most 1 are allowed; raise it with --max-log-requests/,
    ],
    [['a/b/c'], /must be POD or TYPE\/NAME/],
    [['nope'], /pods "nope" not found/],
  ] as const) {
    it(`refuses ${argv.join(' ')}`, async () => {
      await using server = await FakeApiServer.open()
      server.put('pods', pod({ containers: ['app', 'side'] }))
      const { exitCode, stderr } = await callCli(['logs', ...argv], { endpoint: server.endpoint })
      assert.equal(exitCode, 1)
      assert.match(stderr, expected)
    })
  }
})
