import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { unlessThereIs } from '../needs.ts'
import { freeHostPort } from './free-host-port.ts'
import { readPod, statusOf } from './read-pod.ts'
import { type PeapodRun, runPeapod } from './run-peapod.ts'
import { pod, shell, sidecar, UNTIL_STOPPED } from './sample-pods.ts'
import { openStateDirectory } from './state-directory.ts'

const EVERY_SECOND = { periodSeconds: 1 }
const test = (file: string) => ({ exec: { command: ['test', '-e', file] } })

/** A container whose first process is Node with this script; it ends when it is asked to. */
function node(name: string, script: string, more: object = {}) {
  const ending = "process.on('SIGTERM', () => process.exit(0));"
  return { name, image: 'peapod.local/node', command: ['node', '-e', `${ending}${script}`], ...more }
}

/** Speaks HTTP on port 8080 (its answers follow the path) and the health protocol of gRPC on port 9090. */
const SERVERS = `
  require('http').createServer((request, response) => {
    console.log(request.method, request.url, request.headers['user-agent'], request.socket.remoteAddress)
    if (request.url === '/silent') return
    if (request.url === '/away') return response.writeHead(302, { location: 'http://192.0.2.1/' }).end()
    response.writeHead(request.url === '/bad' ? 503 : 204).end()
  }).listen(8080)
  require('http2').createServer().on('stream', (stream) => {
    stream.once('data', (frame) => {
      const service = frame.subarray(7).toString()
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, service === 'down' ? 2 : 1]))
    })
  }).listen(9090)
`

describe('probes', { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'busybox') }, () => {
  let state: Awaited<ReturnType<typeof openStateDirectory>>
  before(async () => {
    state = await openStateDirectory()
  })
  after(() => state[Symbol.asyncDispose]())
  const run = (...pods: object[]) => runPeapod({ stateDirectory: state.path, pods })

  const warnings = (run: PeapodRun, container: string) =>
    run.newsOf(container, 'warning').map(({ reason, message }) => `${reason}: ${message}`)

  async function stop(run: PeapodRun): Promise<void> {
    run.signal('SIGINT')
    assert.equal(await run.end(), 130)
  }

  it('a sidecar counts as started when its startup probe has succeeded; its readiness is not waited for (S4, P3)', async () => {
    await using ended = run(
      pod('gate', {
        initContainers: [
          sidecar('side', `sleep 1; touch /tmp/up; ${UNTIL_STOPPED}`, {
            startupProbe: { ...test('/tmp/up'), ...EVERY_SECOND, failureThreshold: 30 },
            livenessProbe: { ...test('/tmp/up'), ...EVERY_SECOND, failureThreshold: 1 },
            readinessProbe: { ...test('/tmp/never'), ...EVERY_SECOND },
          }),
          shell('init', 'echo init'),
        ],
        containers: [shell('app', 'echo app')],
      }),
    )
    assert.equal(await ended.end(), 0)
    const [side] = ended.newsOf('side', 'started')
    const [init] = ended.newsOf('init', 'started')
    const waitedMs = Date.parse(init?.time ?? '') - Date.parse(side?.time ?? '')
    assert.ok(waitedMs > 900, `init started ${waitedMs} ms after the sidecar`)
    assert.deepEqual(ended.newsOf('side', 'ready'), [])
    assert.ok(warnings(ended, 'side').every((words) => !words.includes('Liveness')))
  })

  it('a failed startup or liveness probe restarts the container, with its own grace period (P4)', async () => {
    await using failing = run(
      pod('failing', {
        restartPolicy: 'Always',
        terminationGracePeriodSeconds: 60,
        containers: [
          shell('liveness', UNTIL_STOPPED, {
            livenessProbe: { tcpSocket: { port: 8080 }, ...EVERY_SECOND, failureThreshold: 2 },
          }),
          // Its first process has no handler for SIGTERM.
          shell('startup', 'while :; do sleep 1; done', {
            startupProbe: {
              httpGet: { port: 'web' },
              ...EVERY_SECOND,
              failureThreshold: 1,
              terminationGracePeriodSeconds: 1,
            },
            ports: [{ name: 'web', containerPort: 8081 }],
          }),
        ],
      }),
    )
    for (const name of ['liveness', 'startup']) {
      await failing.until(`${name} runs again`, () => failing.newsOf(name, 'started').length === 2)
      const [stopping] = failing.newsOf(name, 'stopping')
      assert.equal(stopping?.message, `Container ${name} failed ${name} probe, will be restarted`)
    }
    assert.match(
      warnings(failing, 'liveness')[0] ?? '',
      /^Unhealthy: Liveness probe failed: dial tcp [\d.]+:8080: connect: connection refused$/,
    )
    assert.match(
      warnings(failing, 'startup')[0] ?? '',
      /^Unhealthy: Startup probe failed: Get "http:\/\/([\d.]+):8081\/": dial tcp \1:8081: connect: connection refused$/,
    )
    assert.equal(failing.newsOf('liveness', 'exited')[0]?.exitCode, 0)
    assert.equal(failing.newsOf('startup', 'exited')[0]?.exitCode, 137)
    const seen = await readPod(failing, 'failing')
    assert.ok(seen !== undefined && (statusOf(seen, 'liveness')?.restartCount ?? 0) >= 1)
    failing.signal('SIGINT')
    failing.signal('SIGINT')
    await failing.end()
  })

  it('readiness comes and goes; nothing is restarted for it (P5)', async () => {
    await using flipping = run(
      pod('flipping', {
        containers: [
          shell('app', 'while :; do touch /tmp/up; sleep 2; rm /tmp/up; sleep 2; done', {
            readinessProbe: { ...test('/tmp/up'), ...EVERY_SECOND, failureThreshold: 1 },
          }),
        ],
      }),
    )
    const happened = () => flipping.newsOf('app').map(({ event }) => event)
    await flipping.until('it was ready twice', () => happened().filter((event) => event === 'ready').length === 2)
    assert.deepEqual(
      happened().filter((event) => event !== 'warning'),
      ['started', 'ready', 'not-ready', 'ready'],
    )
    assert.match(warnings(flipping, 'app')[0] ?? '', /^Unhealthy: Readiness probe failed:/)
    await stop(flipping)
  })

  it('exec, httpGet, tcpSocket and grpc ask a container, the network ones from outside of it (P9–P12)', async () => {
    await using ready = run(
      pod('all', {
        containers: [
          node('app', SERVERS, {
            ports: [{ name: 'web', containerPort: 8080 }],
            startupProbe: { tcpSocket: { port: 'web' }, ...EVERY_SECOND, failureThreshold: 30 },
            livenessProbe: { grpc: { port: 9090 }, ...EVERY_SECOND },
            readinessProbe: { httpGet: { port: 'web', path: '/ready?now' }, ...EVERY_SECOND },
          }),
          shell('exec', UNTIL_STOPPED, {
            env: [{ name: 'WANTED', value: '/' }],
            readinessProbe: { exec: { command: ['sh', '-c', '[ "$(pwd)" = "$(WANTED)" ]'] }, ...EVERY_SECOND },
          }),
        ],
      }),
    )
    await ready.until('it is ready', () => ready.events.some(({ event }) => event === 'pod-ready'))
    await ready.until('it was asked three times', () => ready.logOf('app').length >= 3)
    const [asked = ''] = ready.logOf('app')
    const seen = await readPod(ready, 'all')
    assert.match(asked, /^GET \/ready\?now kube-probe\/1\.\d+ /)
    assert.ok(!asked.endsWith(`${seen?.status?.podIP}`), asked)
    assert.deepEqual(ready.newsOf('app', 'exited'), [])
    await stop(ready)
  })

  it('what a probe finds wrong is told as a Kubernetes node tells it', async () => {
    const probes: [name: string, probe: object, warning: RegExp][] = [
      [
        'status',
        { httpGet: { port: 8080, path: '/bad' } },
        /^Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503$/,
      ],
      [
        'silent',
        { httpGet: { port: 8080, path: '/silent' } },
        /^Unhealthy: Readiness probe failed: Get "http:\/\/[\d.]+:8080\/silent": context deadline exceeded \(Client\.Timeout exceeded while awaiting headers\)$/,
      ],
      [
        'away',
        { httpGet: { port: 8080, path: '/away' } },
        /^ProbeWarning: Readiness probe warning: Probe terminated redirects/,
      ],
      [
        'grpc',
        { grpc: { port: 9090, service: 'down' } },
        /^Unhealthy: Readiness probe failed: service unhealthy \(responded with "NOT_SERVING"\)$/,
      ],
      [
        'late',
        { exec: { command: ['sleep', '1000'] } },
        /^Unhealthy: Readiness probe failed: command timed out: "sleep 1000" timed out after 1s$/,
      ],
      [
        'missing',
        { exec: { command: ['/bin/none', '-x'] } },
        /^Unhealthy: Readiness probe errored and resulted in unknown state: run "\/bin\/none" in container "missing": exec "\/bin\/none": no such file in the image/,
      ],
      [
        'words',
        { exec: { command: ['sh', '-c', 'echo no such table >&2; exit 3'] } },
        /^Unhealthy: Readiness probe failed: no such table$/,
      ],
    ]
    await using asking = run(
      pod('asking', {
        containers: [
          node('servers', SERVERS, { readinessProbe: { tcpSocket: { port: 9090 }, ...EVERY_SECOND } }),
          ...probes.map(([name, probe]) =>
            shell(name, UNTIL_STOPPED, { readinessProbe: { ...probe, ...EVERY_SECOND } }),
          ),
        ],
      }),
    )
    for (const [name, , warning] of probes) {
      await asking.until(`${name} says so`, () => warnings(asking, name).some((words) => warning.test(words)))
    }
    const seen = await readPod(asking, 'asking')
    assert.ok(seen !== undefined)
    const notReady = probes.map(([name]) => name).filter((name) => statusOf(seen, name)?.ready !== true)
    // A redirect that is not followed counts as success.
    assert.deepEqual(notReady, ['status', 'silent', 'grpc', 'late', 'missing', 'words'])
    await stop(asking)
  })

  it('a probe that cannot be run restarts nothing (P7)', async () => {
    await using asked = run(
      pod('errors', {
        containers: [
          shell('app', 'sleep 4; echo done', {
            livenessProbe: { exec: { command: ['/bin/none'] }, ...EVERY_SECOND, failureThreshold: 1 },
          }),
        ],
      }),
    )
    assert.equal(await asked.end(), 0)
    assert.deepEqual(asked.logOf('app'), ['done'])
    assert.match(warnings(asked, 'app')[0] ?? '', /errored and resulted in unknown state/)
  })

  it('a pod on the machine’s network is asked at the machine’s address', async () => {
    const port = await freeHostPort()
    await using ready = run(
      pod('host', {
        hostNetwork: true,
        containers: [
          node('app', `require('net').createServer((socket) => socket.destroy()).listen(${port})`, {
            readinessProbe: { tcpSocket: { port }, ...EVERY_SECOND },
          }),
        ],
      }),
    )
    await ready.until('it is ready', () => ready.newsOf('app', 'ready').length > 0)
    await stop(ready)
  })
})
