import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { FakeApiServer } from '../../client/fake-api-server.ts'
import type { ConnectOptions } from '../cli-machine.ts'
import { FakeCall, type FakeWorld } from '../fake-environment.ts'
import { FakePod } from './fake-pod.ts'

const MANIFEST = `apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 7
  containers:
  - {name: app, image: nginx}
  - {name: log-agent, image: busybox}
`

describe('peapod run', { timeout: 20_000 }, () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'peapod-run-'))
    await writeFile(join(folder, 'pod.yaml'), MANIFEST)
  })
  after(() => rm(folder, { recursive: true }))

  function start(server: FakeApiServer, argv: readonly string[], world: FakeWorld = {}): FakeCall {
    return new FakeCall(['run', ...argv], { endpoint: server.endpoint, cwd: folder, ...world })
  }

  it('shows output and what happens, in order, and exits as the pod ended', async () => {
    await using server = await FakeApiServer.open()
    const web = new FakePod(server, 'web')
    const call = start(server, ['pod.yaml'])
    await web.created
    web.event({ reason: 'Pulling', container: 'app', message: 'Pulling image "nginx"' })
    await call.stdout.shows('pulling nginx')
    web.event({
      reason: 'Pulled',
      container: 'app',
      message: 'Successfully pulled image "nginx" in 1.2s (1.2s including)',
    })
    await call.stdout.shows('pulled in')
    const app = server.startLog('app')
    const agent = server.startLog('log-agent')
    web.running('app', 'log-agent')
    await call.stdout.shows('ready (2/2)')
    app.write('GET / 200')
    await call.stdout.shows('GET /')
    agent.write('shipped 1 line')
    await call.stdout.shows('shipped')
    agent.write('bye')
    agent.end()
    web.exited('log-agent', 0)
    await call.stdout.shows('exited 0')
    // The status is faster than the log: the line waits for the log's end.
    web.exited('app', 3, { phase: 'Failed' })
    app.write('fatal: no disk')
    app.end()
    assert.equal(await call.exitCode, 3)
    assert.equal(
      call.stdout.text,
      `pod web: created
app       · pulling nginx
app       · pulled in 1.2 s
app       · started
log-agent · started
pod web: ready (2/2) in 0 s
app       | GET / 200
log-agent | shipped 1 line
log-agent | bye
log-agent · exited 0
app       | fatal: no disk
app       · exited 3
pod web: Failed
`,
    )
    assert.equal(call.stderr.text, '')
    assert.deepEqual(server.deletions, [{ name: 'web', gracePeriodSeconds: undefined }])
    assert.equal(call.isStopped, true)
  })

  it('writes one JSON object a line', async () => {
    await using server = await FakeApiServer.open()
    const web = new FakePod(server, 'web')
    const call = start(server, ['--output', 'json', 'pod.yaml'])
    await web.created
    const app = server.startLog('app')
    app.knowsStreams = true
    app.write('hello')
    app.writeError('wörld')
    app.end()
    const agent = server.startLog('log-agent')
    agent.write('to a server that tells no streams')
    agent.end()
    web.running('app', 'log-agent')
    await call.stdout.shows('wörld')
    await call.stdout.shows('no streams')
    web.exited('app', 0)
    web.exited('log-agent', 0, { phase: 'Succeeded' })
    assert.equal(await call.exitCode, 0)
    const time = '2026-11-20T00:00:00.000Z'
    const objects = call.stdout.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const isLog = (one: Record<string, unknown>): boolean => one['type'] === 'log'
    const written = objects
      .filter(isLog)
      .sort((left, right) => String(left['time']).localeCompare(String(right['time'])))
    assert.deepEqual(
      written.map((one) => ({ ...one, time })),
      [
        { time, type: 'log', pod: 'web', container: 'app', stream: 'stdout', line: 'hello' },
        { time, type: 'log', pod: 'web', container: 'app', stream: 'stderr', line: 'wörld' },
        { time, type: 'log', pod: 'web', container: 'log-agent', line: 'to a server that tells no streams' },
      ],
    )
    assert.deepEqual(
      objects.filter((one) => !isLog(one)),
      [
        { time, type: 'status', pod: 'web', event: 'pod-created', text: 'created' },
        { time, type: 'status', pod: 'web', container: 'app', event: 'started', instance: 0, text: 'started' },
        { time, type: 'status', pod: 'web', container: 'log-agent', event: 'started', instance: 0, text: 'started' },
        {
          time,
          type: 'status',
          pod: 'web',
          event: 'pod-ready',
          ready: 2,
          total: 2,
          tookMs: 0,
          text: 'ready (2/2) in 0 s',
        },
        ...['app', 'log-agent'].map((container) => ({
          time,
          type: 'status',
          pod: 'web',
          container,
          event: 'exited',
          instance: 0,
          exitCode: 0,
          reason: 'Completed',
          text: 'exited 0',
        })),
        { time, type: 'status', pod: 'web', event: 'pod-over', phase: 'Succeeded', text: 'Succeeded' },
        { time, type: 'end', phase: 'Succeeded', exitCode: 0, pods: [{ pod: 'web', phase: 'Succeeded', exitCode: 0 }] },
      ],
    )
  })

  it('Ctrl-C stops within the grace period while output goes on; a second one kills', async () => {
    await using server = await FakeApiServer.open()
    const web = new FakePod(server, 'web')
    server.onDelete = (_name, grace) => web.stopping(grace ?? 7)
    const call = start(server, ['pod.yaml'])
    await web.created
    const app = server.startLog('app')
    web.running('app')
    await call.stdout.shows('started')
    call.interrupt()
    await call.stdout.shows('grace 7 s')
    app.write('closing connections')
    await call.stdout.shows('closing')
    server.onDelete = () => {
      web.exited('app', 137, { phase: 'Failed' })
      server.remove('pods', 'web')
    }
    call.interrupt()
    app.end()
    assert.equal(await call.exitCode, 130)
    assert.deepEqual(
      server.deletions.map((deletion) => deletion.gracePeriodSeconds),
      [undefined, 0],
    )
    assert.equal(
      call.stdout.text,
      `pod web: created
app       · started
stopping… (Ctrl-C again to kill)
pod web: stopping (grace 7 s)
app       | closing connections
killing… (Ctrl-C again to leave without waiting)
app       · exited 137 (SIGKILL)
pod web: Failed
`,
    )
  })

  const ENDINGS: [rule: string, argv: string[], signal: 'SIGINT' | 'SIGTERM' | undefined, exitCode: number][] = [
    ['SIGTERM', [], 'SIGTERM', 143],
    ['Ctrl-C', [], 'SIGINT', 130],
    ['--timeout', ['--timeout', '20ms'], undefined, 124],
  ]
  for (const [rule, argv, signal, exitCode] of ENDINGS) {
    it(`${rule} ends with ${exitCode}, with the grace period that was asked for`, async () => {
      await using server = await FakeApiServer.open()
      const web = new FakePod(server, 'web')
      const call = start(server, [...argv, '--grace-period', '3', 'pod.yaml'])
      await web.created
      if (signal !== undefined) call.interrupt(signal)
      assert.equal(await call.exitCode, exitCode)
      assert.deepEqual(server.deletions, [{ name: 'web', gracePeriodSeconds: 3 }])
      assert.equal(call.isStopped, true)
    })
  }

  it('output that nobody reads any more stops the pod', async () => {
    await using server = await FakeApiServer.open()
    const web = new FakePod(server, 'web')
    const call = start(server, ['pod.yaml'])
    await web.created
    call.stdout.isClosed = true
    server.startLog('app').end()
    web.running('app')
    assert.equal(await call.exitCode, 141)
    assert.deepEqual(server.deletions, [{ name: 'web', gracePeriodSeconds: undefined }])
    assert.equal(server.object('pods', 'web'), undefined)
    assert.equal(call.isStopped, true)
  })

  it('shows how far a pull is on a terminal, below the output', async () => {
    await using server = await FakeApiServer.open()
    const web = new FakePod(server, 'web')
    let pulling: ConnectOptions['onPullProgress']
    let nowMs = 0
    const call = start(server, ['pod.yaml'], {
      terminal: true,
      nowMs: () => (nowMs += 100),
      connect: (options) => {
        pulling = options.onPullProgress
        return Promise.resolve()
      },
    })
    await web.created
    const digest = 'sha256:0123456789abcdef'
    const layer = { is: 'layer', digest, totalBytes: 30_000_000 } as const
    pulling?.('nginx', { is: 'resolved', reference: 'nginx', digest, layers: [{ digest, sizeBytes: 30_000_000 }] })
    pulling?.('nginx', { ...layer, doneBytes: 15_000_000, step: 'download' })
    const agent = server.startLog('log-agent')
    agent.write('hello')
    web.running('log-agent')
    await call.stdout.shows('hello')
    agent.end()
    pulling?.('nginx', { ...layer, doneBytes: 30_000_000, step: 'done' })
    web.over('Succeeded')
    assert.equal(await call.exitCode, 0)
    const bars = ['nginx', `  0123456789ab  [${'='.repeat(19)}>${' '.repeat(20)}]   15.0 MB / 30.0 MB`, ''].join('\n')
    const [erase, style] = ['\u001b[2A\r\u001b[J', (code: number, text: string) => `\u001b[${code}m${text}\u001b[0m`]
    assert.ok(
      call.stdout.text.includes(`${bars}${erase}${style(33, 'log-agent | ')}hello\n${bars}${erase}`),
      call.stdout.text,
    )
    assert.ok(call.stdout.text.endsWith(`${style(2, 'pod web: Succeeded')}\n`))
  })

  it('R4: --restart-backoff is for the server inside the command, and is refused when another one runs', async () => {
    await using server = await FakeApiServer.open()
    const web = new FakePod(server, 'web')
    let wanted: ConnectOptions['restartBackOff']
    const call = start(server, ['--restart-backoff', 'fast', 'pod.yaml'], {
      connect: ({ restartBackOff }) => {
        wanted = restartBackOff
        return Promise.resolve()
      },
    })
    await web.created
    assert.equal(wanted, 'fast')
    web.over('Succeeded')
    assert.equal(await call.exitCode, 0)
    const refused = start(server, ['--restart-backoff', 'fast', 'pod.yaml'], { embedded: false })
    assert.equal(await refused.exitCode, 1)
    assert.match(refused.stderr.text, /a server runs on the state directory already; start "peapod serve" with it/)
  })

  it('a pod that is there already is left alone, and the others are stopped', async () => {
    await using server = await FakeApiServer.open()
    server.put('pods', { metadata: { name: 'web', namespace: 'default', uid: 'not-ours' } })
    await writeFile(join(folder, 'two.yaml'), `${MANIFEST}---\n${MANIFEST.replace('web', 'db')}`)
    const call = start(server, ['two.yaml'])
    assert.equal(await call.exitCode, 1)
    assert.match(call.stderr.text, /^peapod: create pod "web": the API server answered: pods "web" already exists\n$/)
    assert.equal(server.object('pods', 'web')?.metadata.uid, 'not-ours')
    assert.equal(server.object('pods', 'db'), undefined)
  })

  it('prints everything that is wrong, with its place, and starts nothing', async () => {
    await using server = await FakeApiServer.open()
    await writeFile(join(folder, 'wrong.yaml'), MANIFEST.replace('image: nginx', 'imag: nginx').replace('busybox', '7'))
    const call = start(server, ['wrong.yaml', 'pod.yaml'])
    assert.equal(await call.exitCode, 1)
    assert.match(
      call.stderr.text,
      /^wrong\.yaml:8:17: spec\.containers\[0\]\.imag: unknown field.*did you mean "image"/m,
    )
    assert.match(call.stderr.text, /^wrong\.yaml:9:\d+: spec\.containers\[1\]\.image: /m)
    assert.deepEqual(server.requests, [])
    assert.equal(call.stdout.text, '')
  })

  it('runs several pods from standard input at once, each named, with other images', async () => {
    await using server = await FakeApiServer.open()
    const [one, two] = [new FakePod(server, 'one'), new FakePod(server, 'two')]
    const stdin = ['one', 'two'].map((name) => MANIFEST.replace('web', name)).join('---\n')
    const argv = ['--image', 'nginx=peapod.local/busybox', '--image', 'redis=x', '-n', 'shop', '-']
    const call = start(server, argv, { stdin, env: { FORCE_COLOR: '1' } })
    await Promise.all([one.created, two.created])
    assert.deepEqual(
      (server.object('pods', 'one')?.['spec'] as { containers: { image: string }[] }).containers.map((c) => c.image),
      ['peapod.local/busybox', 'busybox'],
    )
    assert.equal(server.object('pods', 'two')?.metadata.namespace, 'shop')
    assert.ok(server.object('namespaces', 'shop'))
    const log = server.startLog('app')
    log.write('\u001b[1mhi')
    log.end()
    two.running('app')
    await call.stdout.shows('hi')
    two.exited('app', 0, { phase: 'Succeeded' })
    one.over('Succeeded')
    assert.equal(await call.exitCode, 0)
    assert.match(
      call.stderr.text,
      /^peapod: warning: --image redis=…: no container uses this image; there are "nginx", "busybox"\n$/,
    )
    const dim = (text: string) => `\u001b[2m${text}\u001b[0m\n`
    assert.ok(
      call.stdout.text.includes(
        `\u001b[32mtwo/app       | \u001b[0m\u001b[1mhi\u001b[0m\n${dim('two/app       · exited 0')}`,
      ),
    )
  })
})
