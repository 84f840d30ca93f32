import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { unlessThereIs } from '../needs.ts'
import { isReady } from './pod-zoo.ts'
import { pod, shell, UNTIL_STOPPED } from './sample-pods.ts'
import { type ServedPeapod, withServer } from './serve-peapod.ts'
import { openStateDirectory } from './state-directory.ts'

const HOUR_MS = 3_600_000
const MOVABLE = { NODE_OPTIONS: `--import=${import.meta.resolve('./movable-clock.ts')}` }

const CRASHES = pod('crashes', { restartPolicy: 'Always', containers: [shell('app', 'exit 7')] })
/** Ready once it has run for two seconds. */
const SLOW = pod('slow', {
  restartPolicy: 'Always',
  containers: [
    shell('app', `sleep 2; touch /tmp/up; ${UNTIL_STOPPED}`, {
      readinessProbe: { exec: { command: ['test', '-e', '/tmp/up'] }, periodSeconds: 1, timeoutSeconds: 20 },
    }),
  ],
})
const STUBBORN = pod('stubborn', {
  terminationGracePeriodSeconds: 2,
  containers: [shell('app', "trap '' TERM; while :; do sleep 1; done")],
})

describe(
  'a clock that is set back by an hour',
  { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'nft', 'busybox') },
  () => {
    let state: Awaited<ReturnType<typeof openStateDirectory>>
    before(async () => {
      state = await openStateDirectory()
    })
    after(() => state[Symbol.asyncDispose]())

    /** Everything that has an instant in it is under way when `setBack` is called, and goes on after that. */
    function everythingGoesOn(setBack: (server: ServedPeapod) => Promise<void>): Promise<void> {
      const options = { stateDirectory: state.path, args: ['--restart-backoff=fast'], env: MOVABLE }
      return withServer(options, async (server) => {
        await server.create(CRASHES, SLOW, STUBBORN)
        const restarts = async (): Promise<number> => (await server.container('crashes', 'app'))?.restartCount ?? 0
        await server.until('it backs off', async () => (await restarts()) >= 2)
        await server.until('it runs', async () => (await server.container('stubborn', 'app'))?.state?.running)
        await server.delete('stubborn')
        const before = await server.pods()
        await setBack(server)
        const [ready, restarted, gone] = await Promise.all([
          server.until('it gets ready', async () => isReady(await server.pod('slow'))),
          server.until('it restarts', async () => (await restarts()) >= 3),
          server.until('the deleted one is gone', async () => {
            const pods = await server.pods()
            return pods !== undefined && pods.every(({ metadata }) => metadata.name !== 'stubborn')
          }),
        ])
        assert.deepEqual([ready, restarted, gone], [true, true, true])
        const idOf = (name: string, pods = before): unknown =>
          pods?.find(({ metadata }) => metadata.name === name)?.status?.containerStatuses?.[0]?.containerID
        assert.equal(idOf('slow', await server.pods()), idOf('slow'))
      })
    }

    it('while the server runs', () =>
      everythingGoesOn((server) => {
        process.kill(server.pid, 'SIGUSR2')
        return Promise.resolve()
      }))

    it('between two servers', () =>
      everythingGoesOn(async (server) => {
        await server.end('SIGKILL')
        server.start({ ...MOVABLE, TEST_CLOCK_BEHIND_MS: String(HOUR_MS) })
        await server.ready()
      }))
  },
)
