import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { unlessThereIs } from '../needs.ts'
import { runPeapod } from './run-peapod.ts'
import { pod, shell, UNTIL_STOPPED } from './sample-pods.ts'
import { type ServedPeapod, withServer } from './serve-peapod.ts'
import { openStateDirectory } from './state-directory.ts'

const MB = 1_000_000
/** Five files of 10 MiB. */
const KEPT_BYTES = 52.5 * MB
/** What conmon may write in the quarter of a second until a flood is noticed, twice over. */
const OVERSHOOT_BYTES = 300 * MB
/** What is held for readers that lag behind. */
const HELD_BYTES = 268.5 * MB
const FLOOD_MB = Number(process.env['PEAPOD_FLOOD_MB'] ?? 1_000)
const MOST_GROWTH_BYTES = 60 * MB
/** Of one line of numbers, with its instant and its stream. */
const LINES = 1_500_000
const LOOK_EVERY_MS = 20

/** Reads lines of numbers, each one more than the one before. */
class Numbers {
  first: number | undefined
  last = 0
  #rest = ''

  read(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      this.first ??= Number(line)
      if (this.first !== Number(line)) assert.equal(line, String(this.last + 1))
      this.last = Number(line)
    }
  }

  end(): void {
    assert.equal(this.#rest, '')
  }
}

async function openLog(server: ServedPeapod, name: string, query: string): Promise<IncomingMessage> {
  const path = `/api/v1/namespaces/default/pods/${name}/log?${query}`
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ socketPath: server.socketPath, path, agent: false }, resolve).on('error', reject)
  })
  assert.equal(answer.statusCode, 200)
  return answer.setEncoding('utf8')
}

async function numbersOf(answer: IncomingMessage): Promise<Numbers> {
  const numbers = new Numbers()
  for await (const text of answer) numbers.read(String(text))
  numbers.end()
  return numbers
}

/** Sizes of the files of a container's logs, by name. */
function logSizes(server: ServedPeapod, uid: string): Map<string, number> {
  const folder = join(server.stateDirectory, 'instances', 'server', 'pods', uid, 'logs', 'app')
  const sizes = readdirSync(folder).map(
    (name) => [name, statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0] as const,
  )
  return new Map(sizes)
}

function total(sizes: Map<string, number>): number {
  return [...sizes.values()].reduce((sum, size) => sum + size, 0)
}

function memoryBytesOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}

describe(
  'logs of containers that write much',
  { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'busybox') },
  () => {
    let state: Awaited<ReturnType<typeof openStateDirectory>>
    before(async () => {
      state = await openStateDirectory()
    })
    after(() => state[Symbol.asyncDispose]())

    const startedPod = async (server: ServedPeapod, script: string): Promise<string> => {
      await server.create(pod('writer', { containers: [shell('app', script)] }))
      await server.until('it runs', async () => (await server.container('writer', 'app'))?.state?.running !== undefined)
      return (await server.pod('writer'))?.metadata.uid ?? assert.fail()
    }
    const isOver = (server: ServedPeapod) => async () =>
      (await server.container('writer', 'app'))?.state?.terminated !== undefined

    it('run tells all of it', async () => {
      await using run = runPeapod({
        stateDirectory: state.path,
        output: 'text',
        pods: [pod('writer', { containers: [shell('app', `exec seq ${LINES}`)] })],
      })
      assert.equal(await run.end(), 0)
      const numbers = new Numbers()
      for (const [, number] of run.stdout.matchAll(/^app \| (.*)$/gm)) numbers.read(`${number}\n`)
      assert.deepEqual([numbers.first, numbers.last], [1, LINES])
    })

    it('a reader that follows gets every line once; what is kept is the end, in files of 10 MiB', async () => {
      await withServer({ stateDirectory: state.path }, async (server) => {
        // The reader is there before the first line.
        const uid = await startedPod(server, `sleep 1; seq ${LINES}; ${UNTIL_STOPPED}`)
        const following = openLog(server, 'writer', 'follow=true').then(numbersOf)
        // What fails before it is awaited is told first.
        following.catch(() => undefined)
        const isWritten = async () => (await server.log('writer', 'tailLines=1')) === `${LINES}\n`
        await server.until('all is written', isWritten)
        const kept = await numbersOf(await openLog(server, 'writer', ''))
        assert.equal(kept.last, LINES)
        const tail = await server.log('writer', 'tailLines=3')
        assert.equal(tail, `${LINES - 2}\n${LINES - 1}\n${LINES}\n`)
        const first = `${kept.first}\n`
        assert.equal(await server.log('writer', `sinceSeconds=1000&limitBytes=${first.length}`), first)
        const names = [...logSizes(server, uid).keys()]
        assert.ok(
          names.length > 2 && names.every((name) => /^0\.log(\.\d{8}-\d{6}(-\d+)?(\.rest)?)?$/.test(name)),
          names.join(),
        )
        await server.delete('writer', 1)
        const followed = await following
        assert.deepEqual([followed.first, followed.last], [1, LINES])
      })
    })

    it('a server that is killed again and again leaves no gap, and the next one keeps the limits', async () => {
      await withServer({ stateDirectory: state.path }, async (server) => {
        const rounds = 60
        const perRound = 50_000
        const script = `i=0; while [ $i -lt ${rounds} ]; do
        seq $((i * ${perRound} + 1)) $(((i + 1) * ${perRound})); i=$((i + 1)); sleep 0.05; done`
        const uid = await startedPod(server, script)
        for (const afterMs of [300, 500, 200, 700, 400]) {
          await delay(afterMs)
          await server.end('SIGKILL')
          server.start()
          await server.ready()
        }
        await server.until('it has ended', isOver(server))
        const kept = await numbersOf(await openLog(server, 'writer', ''))
        assert.equal(kept.last, rounds * perRound)
        const sizes = logSizes(server, uid)
        const files = [...sizes.keys()].filter((name) => !name.endsWith('.rest'))
        assert.ok(files.length <= 5 && total(sizes) < KEPT_BYTES + OVERSHOOT_BYTES, [...sizes].join('; '))
        assert.ok((kept.first ?? 0) > 1, 'the oldest lines are gone')
      })
    })

    it(`${FLOOD_MB} MB at full speed take no memory, and little disk, though somebody who follows has stopped reading`, async (t) => {
      await withServer({ stateDirectory: state.path }, async (server) => {
        const line = 'x'.repeat(99)
        const script = `yes ${line} | head -c ${10 * MB} > /tmp/lines; sleep 1
          i=0; while [ $i -lt ${Math.ceil(FLOOD_MB / 10)} ]; do cat /tmp/lines; i=$((i + 1)); done`
        const uid = await startedPod(server, script)
        const before = memoryBytesOf(server.pid)
        const stalled = await openLog(server, 'writer', 'follow=true')
        const startMs = performance.now()
        let mostMemory = 0
        let mostDisk = 0
        const hasEnded = isOver(server)
        const look = async (): Promise<boolean> => {
          mostMemory = Math.max(mostMemory, memoryBytesOf(server.pid))
          mostDisk = Math.max(mostDisk, total(logSizes(server, uid)))
          return hasEnded()
        }
        while (!(await look())) await delay(LOOK_EVERY_MS)
        t.diagnostic(
          `${Math.round(performance.now() - startMs)} ms; memory ${before / MB} MB, at most ${mostMemory / MB} MB; ` +
            `disk at most ${mostDisk / MB} MB`,
        )
        assert.ok(mostMemory - before < MOST_GROWTH_BYTES, `${before} bytes before, ${mostMemory} at most`)
        assert.ok(mostDisk < HELD_BYTES + OVERSHOOT_BYTES, `${mostDisk} bytes`)
        stalled.destroy()
        await server.until('what was held for the reader is gone', () =>
          Promise.resolve(total(logSizes(server, uid)) < KEPT_BYTES + OVERSHOOT_BYTES),
        )
        assert.equal(await server.log('writer', 'tailLines=1'), `${line}\n`)
      })
    })
  },
)
