import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { unlessThereIs } from '../needs.ts'
import { type PeapodRun, runPeapod } from './run-peapod.ts'
import { pod, shell, UP_UNTIL_STOPPED } from './sample-pods.ts'
import { openStateDirectory } from './state-directory.ts'

/** Notes what happens to it in a file that outlives the pod; takes a moment to stop. */
function noting(name: string, more: object = {}) {
  const onTerm = `echo ${name} asked >> /notes/order; sleep 0.2; echo ${name} ended >> /notes/order; exit 0`
  return shell(name, `trap '${onTerm}' TERM; echo up; while :; do sleep 0.05; done`, {
    volumeMounts: [{ name: 'notes', mountPath: '/notes' }],
    ...more,
  })
}

const SIDECAR = { restartPolicy: 'Always' }
/** The first process of a container ignores signals that it has no handler for. */
const STUBBORN = 'echo up; while :; do sleep 0.05; done'

describe('the end of a pod', { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'busybox') }, () => {
  let state: Awaited<ReturnType<typeof openStateDirectory>>
  let notes: string
  before(async () => {
    state = await openStateDirectory()
  })
  after(() => state[Symbol.asyncDispose]())
  const run = (args: readonly string[], ...pods: object[]) => runPeapod({ stateDirectory: state.path, args, pods })

  async function withNotes(spec: (volumes: object) => object, check: (run: PeapodRun) => Promise<void>): Promise<void> {
    notes = await mkdtemp(join(tmpdir(), 'peapod-notes-'))
    try {
      await using ending = run([], pod('ending', spec({ volumes: [{ name: 'notes', hostPath: { path: notes } }] })))
      await check(ending)
    } finally {
      await rm(notes, { recursive: true })
    }
  }
  const order = async () => (await readFile(join(notes, 'order'), 'utf8')).trimEnd().split('\n')

  async function untilUp(run: PeapodRun, ...containers: string[]): Promise<void> {
    await run.until(`${containers.join(', ')} are up`, () => containers.every((name) => run.logOf(name)[0] === 'up'))
  }

  it('apps are asked to stop first, then sidecars one by one in reverse order (H6)', async () => {
    await withNotes(
      (volumes) => ({
        terminationGracePeriodSeconds: 30,
        initContainers: [noting('first', SIDECAR), noting('second', SIDECAR)],
        containers: [noting('app'), noting('late')],
        ...volumes,
      }),
      async (ending) => {
        await untilUp(ending, 'first', 'second', 'app', 'late')
        ending.signal('SIGINT')
        assert.equal(await ending.end(), 130)
        const said = await order()
        assert.deepEqual(said.slice(0, 2).sort(), ['app asked', 'late asked'])
        assert.deepEqual(said.slice(2, 4).sort(), ['app ended', 'late ended'])
        assert.deepEqual(said.slice(4), ['second asked', 'second ended', 'first asked', 'first ended'])
      },
    )
  })

  it('the sidecars of a pod that is done are stopped in the same order (H7)', async () => {
    await withNotes(
      (volumes) => ({
        terminationGracePeriodSeconds: 30,
        initContainers: [noting('first', SIDECAR), noting('second', SIDECAR)],
        containers: [
          shell('app', 'sleep 0.5; echo app ended >> /notes/order', {
            volumeMounts: [{ name: 'notes', mountPath: '/notes' }],
          }),
        ],
        ...volumes,
      }),
      async (ending) => {
        assert.equal(await ending.end(), 0)
        const sidecars = ['second asked', 'second ended', 'first asked', 'first ended']
        assert.deepEqual(await order(), ['app ended', ...sidecars])
      },
    )
  })

  it('what ignores SIGTERM is killed when its grace is over, and ends with 137 (H5)', async () => {
    await using stopping = run([], pod('stubborn', { containers: [shell('app', STUBBORN)] }))
    await untilUp(stopping, 'app')
    const askedAtMs = Date.now()
    stopping.signal('SIGINT')
    assert.equal(await stopping.end(), 130)
    const [exit] = stopping.newsOf('app', 'exited')
    assert.equal(exit?.exitCode, 137)
    const tookMs = Date.parse(exit.time) - askedAtMs
    // A second of grace; between the stop signal and SIGKILL there are never less than two seconds (H6).
    assert.ok(tookMs >= 1_000 && tookMs < 6_000, `it was killed after ${tookMs} ms`)
  })

  it('--grace-period counts instead of the grace of the pod (H5)', async () => {
    const patient = pod('patient', { terminationGracePeriodSeconds: 600, containers: [shell('app', STUBBORN)] })
    await using stopping = run(['--grace-period', '1'], patient)
    await untilUp(stopping, 'app')
    stopping.signal('SIGINT')
    assert.equal(await stopping.end(), 130)
    assert.equal(stopping.newsOf('app', 'exited')[0]?.exitCode, 137)
  })

  it('a sidecar is not asked before its time, but is when the grace of all is over (H6)', async () => {
    await withNotes(
      (volumes) => ({
        terminationGracePeriodSeconds: 1,
        initContainers: [noting('side', SIDECAR)],
        containers: [shell('app', STUBBORN)],
        ...volumes,
      }),
      async (ending) => {
        await untilUp(ending, 'side', 'app')
        ending.signal('SIGINT')
        assert.equal(await ending.end(), 130)
        assert.deepEqual(await order(), ['side asked', 'side ended'])
        assert.equal(ending.newsOf('app', 'exited')[0]?.exitCode, 137)
        assert.equal(ending.newsOf('side', 'exited')[0]?.exitCode, 0)
      },
    )
  })

  it('a pod that is deleted ends as Succeeded or Failed first (H10)', async () => {
    await using graceful = run([], pod('graceful', { containers: [shell('app', UP_UNTIL_STOPPED)] }))
    await untilUp(graceful, 'app')
    graceful.signal('SIGINT')
    await graceful.end()
    assert.equal(graceful.events.at(-1)?.phase, 'Succeeded')
    await using failing = run(
      [],
      pod('failing', { containers: [shell('app', "trap 'exit 3' TERM; echo up; sleep 99 & wait")] }),
    )
    await untilUp(failing, 'app')
    failing.signal('SIGINT')
    await failing.end()
    assert.equal(failing.events.at(-1)?.phase, 'Failed')
  })
})
