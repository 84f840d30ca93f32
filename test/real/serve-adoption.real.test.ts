import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { ContainerStatus } from '../../src/kube/api/pod.ts'
import { unlessThereIs } from '../needs.ts'
import { isReady } from './pod-zoo.ts'
import { pod, shell, sidecar, UNTIL_STOPPED } from './sample-pods.ts'
import { type ServedPeapod, withServer } from './serve-peapod.ts'
import { openStateDirectory } from './state-directory.ts'

/** Where kills of `serve.real.test.ts` meet a server at any moment, these show one consequence each. */
describe('the next peapod serve', { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'nft', 'busybox') }, () => {
  let state: Awaited<ReturnType<typeof openStateDirectory>>
  before(async () => {
    state = await openStateDirectory()
  })
  after(() => state[Symbol.asyncDispose]())

  function withPods(
    pods: (notes: string) => readonly object[],
    use: (server: ServedPeapod, notes: string) => Promise<void>,
  ): Promise<void> {
    const notes = mkdtempSync(join(state.path, 'notes-'))
    return withServer({ stateDirectory: state.path, args: ['--restart-backoff=fast'] }, async (server) => {
      await server.create(...pods(notes))
      await use(server, notes)
    })
  }

  const onNotes = (notes: string): object => ({ volumes: [{ name: 'notes', hostPath: { path: notes } }] })
  const AT_NOTES = { volumeMounts: [{ name: 'notes', mountPath: '/notes' }] }
  const linesOf = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [])

  async function restart(
    server: ServedPeapod,
    meanwhile: () => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    await server.end('SIGKILL')
    await meanwhile()
    server.start()
    await server.ready()
  }

  async function running(server: ServedPeapod, name: string, container: string): Promise<ContainerStatus> {
    return server.until(`${name}/${container} runs`, async () => {
      const status = await server.container(name, container)
      return status?.state?.running !== undefined && status.started === true && status
    })
  }

  /** When conmon saw it end, to the second, as a status tells it. */
  function endOf(server: ServedPeapod, { containerID = '' }: ContainerStatus): string {
    const file = join(
      server.stateDirectory,
      'instances',
      'server',
      'runtime',
      'exits',
      containerID.replace('peapod://', ''),
    )
    return new Date(statSync(file).mtimeMs).toISOString().replace(/\.\d+Z$/, 'Z')
  }

  it('S12: tells the true exit code and time of what has ended meanwhile, and restarts it by its policy', () =>
    withPods(
      (notes) => {
        const words =
          'until [ -e /notes/gate ]; do sleep 0.05; done; echo no such table > /dev/termination-log; exit 42'
        return (['Never', 'OnFailure'] as const).map((restartPolicy) =>
          pod(restartPolicy.toLowerCase(), {
            restartPolicy,
            ...onNotes(notes),
            containers: [shell('app', `[ -e /notes/gate ] && { ${UNTIL_STOPPED}; }; ${words}`, AT_NOTES)],
          }),
        )
      },
      async (server, notes) => {
        const [never, onFailure] = [await running(server, 'never', 'app'), await running(server, 'onfailure', 'app')]
        const ends: string[] = []
        await restart(server, async () => {
          writeFileSync(join(notes, 'gate'), '')
          for (const status of [never, onFailure]) {
            ends.push(await server.until('it has ended', () => Promise.resolve(endsAt(server, status))))
          }
          // Its end and what is told of it later lie in different seconds.
          await server.until('the next second', () => Promise.resolve(Date.now() > Date.parse(ends[1] ?? '') + 2_000))
        })
        const ended = (status: ContainerStatus, finishedAt: string | undefined): object => ({
          exitCode: 42,
          reason: 'Error',
          message: 'no such table\n',
          startedAt: status.state?.running?.startedAt,
          finishedAt,
          containerID: status.containerID,
        })
        const restarted = await server.until('it was restarted', async () => {
          const status = await server.container('onfailure', 'app')
          return status?.restartCount === 1 && status.state?.running !== undefined && status
        })
        assert.deepEqual(restarted.lastState?.terminated, ended(onFailure, ends[1]))
        const failed = await server.pod('never')
        assert.equal(failed?.status?.phase, 'Failed')
        assert.deepEqual(failed.status.containerStatuses?.[0]?.state?.terminated, ended(never, ends[0]))
      },
    ))

  function endsAt(server: ServedPeapod, status: ContainerStatus): string | false {
    try {
      return endOf(server, status)
    } catch {
      return false
    }
  }

  it('S12, R2: a back-off goes on where it was', () =>
    withPods(
      () => [pod('crashes', { restartPolicy: 'Always', containers: [shell('app', 'exit 7')] })],
      async (server) => {
        const at = (restarts: number): Promise<ContainerStatus> =>
          server.until(`restart ${restarts}`, async () => {
            const status = await server.container('crashes', 'app')
            return status?.restartCount === restarts && status.state?.waiting?.reason === 'CrashLoopBackOff' && status
          })
        // At once, then after 1 s, 2 s: this is the wait of 4 s.
        const third = await at(3)
        await restart(server)
        assert.deepEqual(await server.container('crashes', 'app'), third)
        const fourth = await at(4)
        const [ended, again] = [third.lastState?.terminated?.finishedAt, fourth.lastState?.terminated?.startedAt]
        const waitedMs = Date.parse(again ?? '') - Date.parse(ended ?? '')
        assert.ok(waitedMs >= 3_000 && waitedMs < 8_000, `it was started again after ${waitedMs} ms`)
      },
    ))

  it('S12, invariant 8: readiness stays as it was found, before any probe has run again', () =>
    withPods(
      () => {
        const probed = (name: string, ready: boolean): object =>
          pod(name, {
            restartPolicy: 'Always',
            containers: [
              shell('app', UNTIL_STOPPED, {
                readinessProbe: {
                  exec: { command: [String(ready)] },
                  periodSeconds: 300,
                  failureThreshold: 1,
                  timeoutSeconds: 20,
                },
              }),
            ],
          })
        return [probed('ready', true), probed('unready', false)]
      },
      async (server) => {
        await running(server, 'unready', 'app')
        await server.until('one is ready', async () => isReady(await server.pod('ready')))
        const statuses = async (): Promise<unknown> => (await server.pods())?.map(({ status }) => status)
        const before = await statuses()
        await restart(server)
        assert.deepEqual(await statuses(), before)
      },
    ))

  it('R10, S12: an app that has ended meanwhile is restarted, while its sidecar runs on and init containers stay finished', () =>
    withPods(
      (notes) => [
        pod('web', {
          restartPolicy: 'Always',
          ...onNotes(notes),
          initContainers: [
            shell('init', 'echo run >> /notes/init', AT_NOTES),
            sidecar('proxy', `echo run >> /notes/proxy; ${UNTIL_STOPPED}`, AT_NOTES),
          ],
          containers: [
            shell(
              'app',
              'echo run >> /notes/app; until [ -e /notes/gate ]; do sleep 0.05; done; rm /notes/gate',
              AT_NOTES,
            ),
          ],
        }),
      ],
      async (server, notes) => {
        const [proxy, app] = [await running(server, 'web', 'proxy'), await running(server, 'web', 'app')]
        await restart(server, async () => {
          writeFileSync(join(notes, 'gate'), '')
          await server.until('the app has ended', () => Promise.resolve(endsAt(server, app)))
        })
        await server.until('it is restarted', async () => {
          const status = await server.container('web', 'app')
          return status?.restartCount === 1 && status.state?.running !== undefined
        })
        await server.until('it says so', () => Promise.resolve(linesOf(join(notes, 'app')).length === 2))
        assert.deepEqual(await server.container('web', 'proxy'), proxy)
        assert.deepEqual([linesOf(join(notes, 'init')), linesOf(join(notes, 'proxy'))], [['run'], ['run']])
      },
    ))

  it('H5, H2: goes on with a shutdown, with the hook again and the whole grace period', () =>
    withPods(
      (notes) => [
        pod('stubborn', {
          terminationGracePeriodSeconds: 4,
          ...onNotes(notes),
          containers: [
            shell('app', "trap 'echo asked >> /notes/app' TERM; touch /notes/up; while :; do sleep 0.1; done", {
              ...AT_NOTES,
              lifecycle: { preStop: { exec: { command: ['sh', '-c', 'echo hook >> /notes/app'] } } },
            }),
          ],
        }),
      ],
      async (server, notes) => {
        const said = (): string[] => linesOf(join(notes, 'app'))
        await server.until('it is up', () => Promise.resolve(existsSync(join(notes, 'up'))))
        await server.delete('stubborn')
        await server.until('it was asked to stop', () => Promise.resolve(said().length === 2))
        const deletion = (await server.pod('stubborn'))?.metadata.deletionTimestamp
        // Most of the first grace period is over.
        await server.until('three seconds', () => Promise.resolve(Date.now() > Date.parse(deletion ?? '') - 1_000))
        await server.end('SIGKILL')
        const startedMs = Date.now()
        server.start()
        await server.ready()
        assert.equal((await server.pod('stubborn'))?.metadata.deletionTimestamp, deletion)
        const readyMs = Date.now()
        await server.until('it is gone', async () => (await server.pods())?.length === 0)
        const goneMs = Date.now()
        assert.ok(goneMs - startedMs >= 4_000, `it was given ${goneMs - startedMs} ms more`)
        assert.ok(goneMs - readyMs < 15_000, `it was gone after ${goneMs - readyMs} ms`)
        assert.deepEqual(said().slice(0, 4), ['hook', 'asked', 'hook', 'asked'])
      },
    ))

  it('R10: sidecars of which one is stuck before it has started get their signals, the later one first', () =>
    withPods(
      (notes) => {
        mkdirSync(join(notes, 'up'))
        const stopsWell = (name: string): string =>
          `trap 'echo ${name} >> /notes/ended; exit 0' TERM; touch /notes/up/${name}; sleep 1000 & wait`
        return [
          pod('stuck', {
            terminationGracePeriodSeconds: 300,
            ...onNotes(notes),
            initContainers: [
              sidecar('one', stopsWell('one'), AT_NOTES),
              sidecar('two', stopsWell('two'), {
                ...AT_NOTES,
                startupProbe: { exec: { command: ['false'] }, periodSeconds: 1, failureThreshold: 1_000 },
              }),
            ],
            containers: [shell('app', 'true')],
          }),
        ]
      },
      async (server, notes) => {
        await server.until('both are up', () => Promise.resolve(existsSync(join(notes, 'up', 'two'))))
        await running(server, 'stuck', 'one')
        await restart(server)
        await server.delete('stuck')
        await server.until('it is gone', async () => (await server.pods())?.length === 0)
        assert.deepEqual(linesOf(join(notes, 'ended')), ['two', 'one'])
      },
    ))
})
