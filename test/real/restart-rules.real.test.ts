import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { unlessThereIs } from '../needs.ts'
import { runPeapod } from './run-peapod.ts'
import { pod, shell, sidecar } from './sample-pods.ts'
import { openStateDirectory } from './state-directory.ts'

const on = (action: string, ...values: readonly number[]) => [{ action, exitCodes: { operator: 'In', values } }]
const DATA = { volumeMounts: [{ name: 'data', mountPath: '/data' }] }
const VOLUMES = [{ name: 'data', emptyDir: {} }]

describe('restart rules and stop signals', { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'busybox') }, () => {
  let state: Awaited<ReturnType<typeof openStateDirectory>>
  before(async () => {
    state = await openStateDirectory()
  })
  after(() => state[Symbol.asyncDispose]())
  const run = (...pods: object[]) => runPeapod({ stateDirectory: state.path, pods })

  it('an exit may have all containers begin anew, init containers first, on the same volumes (R7)', async () => {
    const again = 'test $(wc -l < /data/runs) = 2 && exit 0; sleep 0.3; exit 42'
    await using ended = run(
      pod('anew', {
        restartPolicy: 'Never',
        volumes: VOLUMES,
        initContainers: [shell('init', 'echo run >> /data/runs', DATA), sidecar('side', 'sleep 1000')],
        containers: [
          shell('app', again, {
            ...DATA,
            restartPolicy: 'Never',
            restartPolicyRules: on('RestartAllContainers', 42),
            lifecycle: { preStop: { exec: { command: ['false'] } } },
          }),
          shell('other', 'sleep 1'),
        ],
      }),
    )
    assert.equal(await ended.end(), 0)
    for (const name of ['init', 'side', 'app', 'other']) {
      assert.equal(ended.newsOf(name, 'started').length, 2, `${name} ran twice`)
    }
    assert.deepEqual(ended.newsOf('app', 'warning'), [])
  })

  it('a container restarts by its own rules in a pod that restarts nothing, and fails by its own policy (R5, R6)', async () => {
    const counted = 'echo run >> /data/runs; test $(wc -l < /data/runs) = 1 && exit 42; exit 3'
    await using ended = run(
      pod('own-rules', {
        restartPolicy: 'Never',
        volumes: VOLUMES,
        containers: [
          shell('app', counted, { ...DATA, restartPolicy: 'Never', restartPolicyRules: on('Restart', 42) }),
          shell('other', 'exit 0'),
        ],
      }),
    )
    assert.equal(await ended.end(), 3)
    assert.equal(ended.newsOf('app', 'started').length, 2)
    assert.equal(ended.newsOf('other', 'started').length, 1)
  })

  it('a sidecar is stopped by the signal that its manifest names (H8)', async () => {
    const trap =
      'trap "echo so be it; exit 0" 37; trap "echo wrong; exit 1" TERM; touch /tmp/up; while :; do sleep 0.1; done'
    await using ended = run(
      pod('signal', {
        restartPolicy: 'Never',
        os: { name: 'linux' },
        initContainers: [
          sidecar('side', trap, {
            lifecycle: { stopSignal: 'SIGRTMIN+3' },
            // The app starts, and ends, when the traps are set.
            startupProbe: { exec: { command: ['test', '-e', '/tmp/up'] }, periodSeconds: 1, failureThreshold: 30 },
          }),
        ],
        containers: [shell('app', 'exit 0')],
      }),
    )
    assert.equal(await ended.end(), 0)
    assert.deepEqual(ended.logOf('side'), ['so be it'])
  })
})
