import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { unlessThereIs } from '../needs.ts'
import { readPod, statusOf } from './read-pod.ts'
import { type PeapodRun, runPeapod } from './run-peapod.ts'
import { pod, shell, sidecar, UNTIL_STOPPED, UP_UNTIL_STOPPED } from './sample-pods.ts'
import { openStateDirectory } from './state-directory.ts'

const sh = (script: string) => ({ exec: { command: ['sh', '-c', script] } })
const NOTES = { volumeMounts: [{ name: 'notes', mountPath: '/notes' }] }

/** Says that it is up, notes that it was asked to stop, and ends. */
const noting = (name: string) => `trap 'echo ${name} asked >> /notes/order; exit 0' TERM; echo up; sleep 1000 & wait`

describe('hooks', { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'busybox') }, () => {
  let state: Awaited<ReturnType<typeof openStateDirectory>>
  let notes: string
  before(async () => {
    state = await openStateDirectory()
    notes = await mkdtemp(join(tmpdir(), 'peapod-notes-'))
  })
  after(async () => {
    await state[Symbol.asyncDispose]()
    await rm(notes, { recursive: true })
  })
  const run = (...pods: object[]) => runPeapod({ stateDirectory: state.path, pods })
  const withNotes = (spec: object) => ({ ...spec, volumes: [{ name: 'notes', hostPath: { path: notes } }] })
  const takeOrder = async () => {
    const lines = (await readFile(join(notes, 'order'), 'utf8')).trimEnd().split('\n')
    await rm(join(notes, 'order'))
    return lines
  }
  const warnings = (run: PeapodRun, container: string) =>
    run.newsOf(container, 'warning').map(({ reason, message }) => `${reason}: ${message}`)
  const untilUp = (run: PeapodRun, ...names: string[]) =>
    run.until(`${names.join(', ')} are up`, () => names.every((name) => run.logOf(name)[0] === 'up'))

  it('postStart runs beside the first process, and holds up the container after it (H1, S7)', async () => {
    await using ended = run(
      pod(
        'ordered',
        withNotes({
          containers: [
            shell('first', 'until [ -e /tmp/hooked ]; do sleep 0.05; done; echo saw it; sleep 1', {
              ...NOTES,
              lifecycle: { postStart: sh('sleep 1; echo hooked >> /notes/order; touch /tmp/hooked') },
            }),
            shell('second', 'echo second >> /notes/order', NOTES),
          ],
        }),
      ),
    )
    assert.equal(await ended.end(), 0)
    assert.deepEqual(ended.logOf('first'), ['saw it'])
    assert.deepEqual(await takeOrder(), ['hooked', 'second'])
  })

  it('a postStart hook that fails ends its container; what it said is told (H1)', async () => {
    await using failed = run(
      pod('failed', {
        containers: [
          shell('app', "trap 'exit 7' TERM; sleep 1000 & wait", {
            lifecycle: { postStart: sh('echo no such table: users >&2; exit 3') },
          }),
        ],
      }),
    )
    assert.equal(await failed.end(), 7)
    assert.deepEqual(warnings(failed, 'app'), [
      'FailedPostStartHook: PostStartHook failed: command "sh -c echo no such table: users >&2; exit 3" exited with 3: no such table: users',
    ])
    assert.equal(failed.events.at(-1)?.phase, 'Failed')
  })

  it('a hook without its program says so in words; restartPolicy Always tries again', async () => {
    await using failing = run(
      pod('missing', {
        restartPolicy: 'Always',
        containers: [shell('app', UNTIL_STOPPED, { lifecycle: { postStart: { exec: { command: ['/bin/none'] } } } })],
      }),
    )
    await failing.until('it was started again', () => failing.newsOf('app', 'started').length === 2)
    assert.match(
      warnings(failing, 'app')[0] ?? '',
      /^FailedPostStartHook: PostStartHook failed: run "\/bin\/none" in container "app": exec "\/bin\/none": no such file in the image; check command and the image$/,
    )
    failing.signal('SIGINT')
    await failing.end()
  })

  it('preStop of all containers runs first, the stop signal comes after the own hook, sidecars last (H2, H6)', async () => {
    const hook = (name: string, script = '') => ({ preStop: sh(`${script}echo ${name} hook >> /notes/order`) })
    await using ending = run(
      pod(
        'ending',
        withNotes({
          terminationGracePeriodSeconds: 30,
          initContainers: [sidecar('side', noting('side'), { ...NOTES, lifecycle: hook('side') })],
          containers: [shell('app', noting('app'), { ...NOTES, lifecycle: hook('app', 'sleep 1; ') })],
        }),
      ),
    )
    await untilUp(ending, 'side', 'app')
    ending.signal('SIGINT')
    assert.equal(await ending.end(), 130)
    assert.deepEqual(await takeOrder(), ['side hook', 'app hook', 'app asked', 'side asked'])
  })

  it('a preStop hook that takes too long holds up nobody beyond the grace period and two seconds (H2)', async () => {
    await using ending = run(
      pod(
        'late',
        withNotes({
          terminationGracePeriodSeconds: 2,
          containers: [
            shell('app', noting('app'), { ...NOTES, lifecycle: { preStop: sh('sleep 1000') } }),
            shell('stubborn', 'echo up; while :; do sleep 1; done', { lifecycle: { preStop: sh('sleep 1000') } }),
          ],
        }),
      ),
    )
    await untilUp(ending, 'app', 'stubborn')
    const stoppedAtMs = performance.now()
    ending.signal('SIGINT')
    assert.equal(await ending.end(), 130)
    const tookMs = performance.now() - stoppedAtMs
    assert.ok(tookMs > 3_900 && tookMs < 8_000, `it took ${tookMs} ms`)
    assert.deepEqual(await takeOrder(), ['app asked'])
    assert.deepEqual(ending.newsOf('stubborn', 'exited')[0]?.exitCode, 137)
  })

  it('a preStop hook that fails is told, and the stop goes on', async () => {
    await using ending = run(
      pod('sorry', {
        terminationGracePeriodSeconds: 30,
        containers: [shell('app', UP_UNTIL_STOPPED, { lifecycle: { preStop: sh('echo cannot drain; exit 1') } })],
      }),
    )
    await untilUp(ending, 'app')
    ending.signal('SIGINT')
    assert.equal(await ending.end(), 130)
    assert.match(
      warnings(ending, 'app').join(),
      /^FailedPreStopHook: PreStopHook failed: .* exited with 1: cannot drain$/,
    )
  })

  it('no preStop for a container that ends by itself (H2)', async () => {
    await using ended = run(
      pod(
        'alone',
        withNotes({
          containers: [
            shell('app', 'echo ended >> /notes/order', {
              ...NOTES,
              lifecycle: { preStop: sh('echo hook >> /notes/order') },
            }),
          ],
        }),
      ),
    )
    assert.equal(await ended.end(), 0)
    assert.deepEqual(await takeOrder(), ['ended'])
  })

  it('a sleep hook ends with its container; zero seconds are allowed (H4)', async () => {
    await using ending = run(
      pod('sleeping', {
        terminationGracePeriodSeconds: 60,
        containers: [
          // Told to end by itself as soon as its hook runs.
          shell('app', 'echo up; until [ -e /shared/stop ]; do sleep 0.05; done; echo ended', {
            lifecycle: { preStop: { sleep: { seconds: 60 } } },
            volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
          }),
          shell('other', UNTIL_STOPPED, {
            lifecycle: { postStart: { sleep: { seconds: 0 } }, preStop: sh('touch /shared/stop') },
            volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
          }),
        ],
        volumes: [{ name: 'shared', emptyDir: {} }],
      }),
    )
    await untilUp(ending, 'app')
    await ending.until('other runs', () => ending.newsOf('other', 'started').length > 0)
    const stoppedAtMs = performance.now()
    ending.signal('SIGINT')
    assert.equal(await ending.end(), 130)
    const tookMs = performance.now() - stoppedAtMs
    assert.ok(tookMs < 20_000, `it took ${tookMs} ms`)
    assert.deepEqual(ending.logOf('app'), ['up', 'ended'])
  })

  it('httpGet hooks go to the pod’s own address (H3)', async () => {
    const server = `
      process.on('SIGTERM', () => setTimeout(process.exit, 2_000, 0))
      require('http').createServer((request, response) => {
        console.log(request.url, request.headers['user-agent'])
        response.writeHead(500).end()
      }).listen(8080, () => console.log('up'))`
    const hook = (path: string) => ({ httpGet: { port: 'web', path } })
    await using ending = run(
      pod('http', {
        terminationGracePeriodSeconds: 30,
        containers: [
          {
            name: 'app',
            image: 'peapod.local/node',
            command: ['node', '-e', server],
            ports: [{ name: 'web', containerPort: 8080 }],
          },
          shell('hooked', `until wget -q -O- localhost:8080 2>&1 | grep 500; do sleep 0.1; done; ${UNTIL_STOPPED}`, {
            ports: [{ name: 'web', containerPort: 8080 }],
            lifecycle: { preStop: hook('/stopping') },
          }),
          shell('refused', UNTIL_STOPPED, {
            ports: [{ name: 'web', containerPort: 8081 }],
            lifecycle: { postStart: hook('/') },
          }),
        ],
      }),
    )
    await ending.until('the server is up', () => ending.logOf('app').includes('up'))
    await ending.until('the refused hook is told', () => warnings(ending, 'refused').length > 0)
    assert.match(
      warnings(ending, 'refused')[0] ?? '',
      /^FailedPostStartHook: PostStartHook failed: Get "http:\/\/[\d.]+:8081\/": dial tcp [\d.]+:8081: connect: connection refused$/,
    )
    ending.signal('SIGINT')
    await ending.end()
    assert.match(ending.logOf('app').join(), /\/stopping kube-lifecycle\/1\.\d+/)
    // Whatever the server answers is well, as on a Kubernetes node.
    assert.deepEqual(warnings(ending, 'hooked'), [])
  })

  it('a container is not told as running before its postStart hook has ended (H1)', async () => {
    await using hooked = run(
      pod('held', {
        containers: [
          shell('app', UNTIL_STOPPED, { lifecycle: { postStart: sh('until [ -e /tmp/go ]; do sleep 0.1; done') } }),
        ],
      }),
    )
    const seen = await hooked.until('it is created', async () => {
      const now = await readPod(hooked, 'held')
      return now?.status?.podIP !== undefined && now
    })
    assert.equal(statusOf(seen, 'app')?.state?.running, undefined)
    assert.equal(seen.status?.phase, 'Pending')
    hooked.signal('SIGINT')
    assert.equal(await hooked.end(), 130)
  })
})
