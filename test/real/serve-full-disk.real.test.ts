import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { unlessThereIs } from '../needs.ts'
import { isReady } from './pod-zoo.ts'
import { pod, shell, sidecar, UNTIL_STOPPED } from './sample-pods.ts'
import { type ServedPeapod, withServer } from './serve-peapod.ts'

const STEADY = pod('steady', {
  restartPolicy: 'Always',
  initContainers: [sidecar('proxy', UNTIL_STOPPED)],
  containers: [shell('app', UNTIL_STOPPED)],
})
/** Runs until a file of its volume is taken away, which a full disk allows. */
const FRAGILE = pod('fragile', {
  restartPolicy: 'Always',
  volumes: [{ name: 'shared', emptyDir: {} }],
  containers: [
    shell('app', 'touch /shared/on; while [ -e /shared/on ]; do sleep 0.1; done; exit 5', {
      volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
    }),
  ],
})
const CRASHES = pod('crashes', { restartPolicy: 'Always', containers: [shell('app', 'exit 7')] })

/** What a server that waits for room may take of one core: looking each second costs it 1 %. */
const IDLE_CPU_SHARE = 0.25
const WATCHED_MS = 4_000

/** Of the kernel's clock ticks, which are a hundredth of a second. */
function cpuTimeMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** A file system of its own for a server's state. */
class SmallDisk implements AsyncDisposable {
  readonly path: string
  #fillers = 0

  constructor(path: string) {
    this.path = path
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', path])
  }

  fill(): void {
    this.#fillers += 1
    const filler = join(this.path, `filler-${this.#fillers}`)
    assert.throws(() => execFileSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=512'], { stdio: 'ignore' }))
  }

  makeRoom(): void {
    for (const filler of globSync(join(this.path, 'filler-*'))) rmSync(filler)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    execFileSync('umount', [this.path])
    await rm(this.path, { recursive: true })
  }
}

describe(
  'peapod serve on a full disk',
  { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'nft', 'busybox') },
  () => {
    async function withPods(
      pods: readonly object[],
      use: (server: ServedPeapod, disk: SmallDisk) => Promise<void>,
    ): Promise<void> {
      await using disk = new SmallDisk(await mkdtemp(join(tmpdir(), 'peapod-small-')))
      await withServer({ stateDirectory: disk.path, args: ['--restart-backoff=fast'] }, async (server) => {
        await server.create(...pods)
        await use(server, disk)
      })
    }

    it('stops nothing that runs, takes nothing new, and says why; a server that is started then says so too', () =>
      withPods([STEADY], async (server, disk) => {
        await server.until('steady is ready', async () => isReady(await server.pod('steady')))
        const before = await server.pod('steady')
        const late = pod('late', { containers: [shell('app', 'true')] })
        disk.fill()
        assert.match(await server.tryToCreate(late), /the disk is full/)
        assert.deepEqual((await server.pod('steady'))?.status, before?.status)

        await server.end('SIGKILL')
        disk.fill()
        server.start()
        assert.equal(await server.ended(), 1)
        assert.match(server.stderr, /peapod: open the state in .*; check the disk and its free space\n$/)

        disk.makeRoom()
        server.start()
        await server.ready()
        assert.deepEqual((await server.pod('steady'))?.status, before?.status)
        await server.create(late)
        await server.until('late has succeeded', async () => (await server.pod('late'))?.status?.phase === 'Succeeded')
      }))

    it('what has ended meanwhile is restarted once there is room; until then the server sleeps', () =>
      withPods([FRAGILE, CRASHES], async (server, disk) => {
        const uid = (await server.pod('fragile'))?.metadata.uid ?? ''
        const on = join(disk.path, 'instances', 'server', 'pods', uid, 'volumes', 'shared', 'on')
        await server.until('it runs', () => Promise.resolve(existsSync(on)))
        disk.fill()
        rmSync(on)
        disk.fill()
        const spentMs = cpuTimeMs(server.pid)
        await delay(WATCHED_MS)
        const share = (cpuTimeMs(server.pid) - spentMs) / WATCHED_MS
        assert.ok(share < IDLE_CPU_SHARE, `the server took ${Math.round(share * 100)} % of a core`)
        disk.makeRoom()
        const status = await server.until('it was restarted', async () => {
          const found = await server.container('fragile', 'app')
          return found?.restartCount === 1 && found.state?.running !== undefined && found
        })
        // Its code is 5 if there was room for conmon to write it down, and else nobody knows it.
        assert.ok([5, 255].includes(status.lastState?.terminated?.exitCode ?? 0))
        assert.ok(((await server.container('crashes', 'app'))?.restartCount ?? 0) >= 1)
      }))
  },
)
