import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { unlessThereIs } from '../needs.ts'
import { isReady } from './pod-zoo.ts'
import { pod, shell, sidecar, UNTIL_STOPPED } from './sample-pods.ts'
import { ServedPeapod, withServer } from './serve-peapod.ts'
import { simulateReboot } from './simulate-reboot.ts'
import { openStateDirectory } from './state-directory.ts'

const SHARED = { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] }

/** A pod that notes each run of its containers on a volume. */
const STEADY = pod('steady', {
  restartPolicy: 'Always',
  volumes: [{ name: 'shared', emptyDir: {} }],
  initContainers: [
    shell('init', 'echo run >> /shared/init', SHARED),
    sidecar('proxy', `echo run >> /shared/proxy; ${UNTIL_STOPPED}`, SHARED),
  ],
  containers: [shell('app', `echo run >> /shared/app; ${UNTIL_STOPPED}`, SHARED)],
})

describe('peapod serve in trouble', { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'nft', 'busybox') }, () => {
  let state: Awaited<ReturnType<typeof openStateDirectory>>
  let bootIdFile = ''
  before(async () => {
    state = await openStateDirectory()
  })
  beforeEach(() => {
    bootIdFile = join(state.path, 'boot-id')
    writeFileSync(bootIdFile, 'the first boot\n')
  })
  after(() => state[Symbol.asyncDispose]())

  function withSteady(use: (server: ServedPeapod) => Promise<void>): Promise<void> {
    const env = { PEAPOD_BOOT_ID_FILE: bootIdFile }
    return withServer({ stateDirectory: state.path, args: ['--restart-backoff=fast'], env }, async (server) => {
      await server.create(STEADY)
      await server.until('steady is ready', async () => isReady(await server.pod('steady')))
      await use(server)
    })
  }

  /** Shows that each container was started so often: a process that runs may still have to say so. */
  async function allRan(server: ServedPeapod, times: number): Promise<void> {
    const uid = (await server.pod('steady'))?.metadata.uid ?? ''
    const notes = join(server.stateDirectory, 'instances', 'server', 'pods', uid, 'volumes', 'shared')
    const runs = (): number[] =>
      ['init', 'proxy', 'app'].map((name) => readFileSync(join(notes, name), 'utf8').trim().split('\n').length)
    await server.until('every container has noted its run', () =>
      Promise.resolve(runs().every((count) => count >= times)),
    )
    assert.deepEqual(runs(), [times, times, times])
  }

  it('a second server on the same state directory is refused', () =>
    withSteady(async (server) => {
      const second = new ServedPeapod({ stateDirectory: state.path })
      second.start()
      assert.equal(await second.ended(), 1)
      assert.equal(
        second.stderr,
        `peapod: serve "${state.path}": another peapod server runs on it; stop that one first, or give this one another --state-dir\n`,
      )
      assert.ok(isReady(await server.pod('steady')))
    }))

  it('SIGTERM ends it well and leaves the containers running', () =>
    withSteady(async (server) => {
      const before = await server.pod('steady')
      assert.equal(await server.end('SIGTERM'), 0)
      server.start()
      await server.ready()
      assert.deepEqual((await server.pod('steady'))?.status, before?.status)
      await allRan(server, 1)
    }))

  for (const [how, damage] of [
    ['truncated', (file: string) => truncateSync(file, 2_000)],
    ['overwritten', (file: string) => writeFileSync(file, 'not a database')],
    ['emptied', (file: string) => truncateSync(file, 0)],
  ] as const) {
    it(`a database that was ${how}: a clear message, containers untouched, a way back`, () =>
      withSteady(async (server) => {
        const before = await server.pod('steady')
        await server.end('SIGKILL')
        const database = join(state.path, 'instances', 'server', 'store.db')
        damage(database)

        server.start()
        assert.equal(await server.ended(), 1)
        assert.match(server.stderr, new RegExp(`peapod: open the state in "${database}": .* move .* away`))

        for (const file of [database, `${database}-wal`]) renameSync(file, `${file}.damaged`)
        server.start()
        await server.ready()
        const now = await server.pod('steady')
        assert.deepEqual(now?.spec, before?.spec)
        assert.equal(now?.metadata.uid, before?.metadata.uid)
        assert.deepEqual(now?.status?.containerStatuses, before?.status?.containerStatuses)
        assert.deepEqual(now?.status?.initContainerStatuses, before?.status?.initContainerStatuses)
        await allRan(server, 1)
      }))
  }

  it('S11: after a restart of the machine pods get a new sandbox and run their init containers again', () =>
    withSteady(async (server) => {
      const before = await server.pod('steady')
      await server.end('SIGKILL')
      await simulateReboot(state.path)
      writeFileSync(bootIdFile, 'the second boot\n')
      server.start()
      await server.ready()
      const now = await server.until('steady is ready again', async () => {
        const found = await server.pod('steady')
        return isReady(found) && found?.status?.containerStatuses?.[0]?.restartCount === 1 ? found : undefined
      })
      const [app] = now.status?.containerStatuses ?? []
      assert.notEqual(app?.containerID, before?.status?.containerStatuses?.[0]?.containerID)
      assert.equal(app?.lastState?.terminated?.reason, 'ContainerStatusUnknown')
      await allRan(server, 2)
    }))

  it('S11: a network namespace that somebody took away: a new sandbox, init containers again', () =>
    withSteady(async (server) => {
      const before = await server.pod('steady')
      await server.end('SIGKILL')
      const sandbox = join(state.path, 'instances', 'server', 'pods', before?.metadata.uid ?? '', 'sandbox')
      execFileSync('umount', [join(sandbox, 'network')])
      server.start()
      await server.until('steady is ready again', async () => {
        const found = await server.pod('steady')
        return isReady(found) && found?.status?.containerStatuses?.[0]?.restartCount === 1
      })
      await allRan(server, 2)
    }))
})
