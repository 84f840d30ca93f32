import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { unlessThereIs } from '../needs.ts'
import { freeHostPort } from './free-host-port.ts'
import { type PeapodRun, runPeapod } from './run-peapod.ts'
import { openStateDirectory } from './state-directory.ts'

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples')

interface Example extends AsyncDisposable {
  readonly run: PeapodRun
  /** Which port of the machine stands for one of the manifest's. */
  readonly portFor: ReadonlyMap<number, number>
}

describe(
  'examples keep what they promise',
  { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'nft', 'busybox') },
  () => {
    let state: Awaited<ReturnType<typeof openStateDirectory>>
    let folder: string
    before(async () => {
      state = await openStateDirectory()
      folder = await mkdtemp(join(tmpdir(), 'peapod-example-'))
    })
    after(async () => {
      await rm(folder, { recursive: true })
      await state[Symbol.asyncDispose]()
    })

    /** As it stands, except for ports of the machine and what the test changes: other programs may have them. */
    async function start(
      name: string,
      change: (manifest: string) => string = (manifest) => manifest,
    ): Promise<Example> {
      const text = change(await readFile(join(EXAMPLES, name, 'pod.yaml'), 'utf8'))
      const wanted = new Set([...text.matchAll(/hostPort: (\d+)/g)].map(([, port]) => Number(port)))
      const portFor = new Map<number, number>()
      for (const port of wanted) portFor.set(port, await freeHostPort())
      const rewritten = text.replaceAll(
        /(hostPort: |\$\(HOST_IP\):)(\d+)/g,
        (_whole, before: string, port: string) => `${before}${portFor.get(Number(port)) ?? port}`,
      )
      const file = join(folder, `${name}.yaml`)
      await writeFile(file, rewritten)
      const run = runPeapod({ stateDirectory: state.path, args: [file] })
      return { run, portFor, [Symbol.asyncDispose]: () => run[Symbol.asyncDispose]() }
    }

    /** Ctrl-C ends every container well, before its grace is over. */
    async function assertStopsWell(run: PeapodRun): Promise<void> {
      run.signal('SIGINT')
      assert.equal(await run.end(), 130)
      for (const event of run.events.filter((one) => one.event === 'exited')) {
        assert.equal(event.exitCode, 0, `${event.pod}/${event.container} ${event.text}`)
      }
    }

    async function page(run: PeapodRun, url: string): Promise<string> {
      return run.until(`an answer from ${url}`, async () => {
        const answer = await fetch(url).catch(() => undefined)
        return answer?.text()
      })
    }

    it('sidecar: a request shows up at the central log server', async () => {
      await using example = await start('sidecar')
      const { run, portFor } = example
      assert.equal(await page(run, `http://localhost:${portFor.get(8080)}/hello`), 'hello from the web server\n')
      await run.until('the line has come', () =>
        run.logOf('log-server').some((line) => /^web: \S+ GET \/hello$/.test(line)),
      )
      assert.deepEqual(run.logOf('web-server'), [])
      await assertStopsWell(run)
    })

    it('adapter: two formats come out as one', async () => {
      await using example = await start('adapter')
      const { run } = example
      const adapted = () => run.logOf('adapter').map((line) => JSON.parse(line) as Record<string, string>)
      await run.until('lines of both', () => new Set(adapted().map(({ source }) => source)).size === 2)
      for (const line of adapted()) assert.deepEqual(Object.keys(line), ['time', 'level', 'source', 'message'])
      assert.equal(adapted().find(({ source }) => source === 'api')?.['message'], 'order 1 taken')
      const fromWeb = adapted().find(({ source }) => source === 'web')
      assert.deepEqual(
        [fromWeb?.['level'], fromWeb?.['message']],
        ['warning', 'GET /cart HTTP/1.1 → 404 from 10.0.0.7'],
      )
      await assertStopsWell(run)
    })

    it('ambassador: the app asks localhost; ROUTE says which database answers', async () => {
      for (const [route, database] of [
        ['dev', 'the development database'],
        ['prod', 'the production database'],
      ] as const) {
        await using example = await start('ambassador', (text) =>
          text.replace('ROUTE, value: dev', `ROUTE, value: ${route}`),
        )
        const { run } = example
        await run.until('an answer', () => run.logOf('app').length > 0)
        assert.equal(run.logOf('app')[0], database)
        await assertStopsWell(run)
      }
    })

    it('init: waits, fetches, then serves', async () => {
      await using example = await start('init')
      const { run, portFor } = example
      const url = `http://localhost:${portFor.get(8081)}/`
      assert.equal(await page(run, url), '<h1>brought by an init container</h1>\n')
      assert.match(run.logOf('wait-for-content')[0] ?? '', /^wait-for: waiting for http:/)
      const order = run.events
        .filter((event) => event.pod === 'site' && (event.event === 'started' || event.event === 'exited'))
        .map((event) => `${event.container} ${event.event}`)
      assert.deepEqual(order, [
        'wait-for-content started',
        'wait-for-content exited',
        'fetch-content started',
        'fetch-content exited',
        'web-server started',
      ])
      await assertStopsWell(run)
    })

    it('native-sidecar: the job ends, then its sidecar, and the pod has succeeded', async () => {
      await using example = await start('native-sidecar')
      const { run } = example
      assert.equal(await run.end(), 0)
      const messages = run.logOf('log-adapter').map((line) => (JSON.parse(line) as { message: string }).message)
      assert.deepEqual(messages, ['page 1 written', 'page 2 written', 'page 3 written', 'report complete'])
      assert.equal(run.newsOf('log-adapter', 'exited')[0]?.exitCode, 0)
      assert.equal(run.events.at(-1)?.phase, 'Succeeded')
    })
  },
)
