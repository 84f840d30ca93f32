import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { unlessThereIs } from '../needs.ts'
import { runPeapod } from './run-peapod.ts'
import { openStateDirectory } from './state-directory.ts'

const SEEDS = join(import.meta.dirname, '..', '..', 'examples', 'seeds')
const CONFIG = join(SEEDS, 'peapod.config.json')
const manifestsIn = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.yaml'))

interface Manifest {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly containers: Named; readonly initContainers?: Named }
}
type Named = readonly { readonly name: string }[]

describe(
  'the manifests of a course',
  { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'nft', 'busybox') },
  () => {
    let state: Awaited<ReturnType<typeof openStateDirectory>>
    before(async () => {
      state = await openStateDirectory()
    })
    after(() => state[Symbol.asyncDispose]())

    const run = (file: string, args: readonly string[] = []) =>
      runPeapod({ stateDirectory: state.path, args: ['--config', CONFIG, ...args, file] })

    for (const name of manifestsIn(SEEDS)) {
      it(`${name} runs as it stands`, async () => {
        const file = join(SEEDS, name)
        const { metadata, spec } = parseAllDocuments(readFileSync(file, 'utf8'))[0]?.toJS() as Manifest
        await using seed = run(file)
        await seed.until('all containers do their work', () =>
          spec.containers.every((container) => seed.logOf(container.name).length > 0),
        )
        const started = seed.events.filter(({ event }) => event === 'started').map(({ container }) => container)
        const wanted = [...(spec.initContainers ?? []), ...spec.containers].map((container) => container.name)
        assert.deepEqual(started, wanted)
        assert.ok(seed.events.some((event) => event.event === 'pod-ready' && event.pod === metadata.name))
        seed.signal('SIGINT')
        assert.equal(await seed.end(), 130)
        for (const container of spec.containers) {
          assert.equal(seed.newsOf(container.name, 'exited')[0]?.exitCode, 0, container.name)
        }
      })
    }

    it('--image does what the settings do', async () => {
      const standIns = ['nginx', 'log-agent-image'].flatMap((image) => ['--image', `${image}=peapod.local/busybox`])
      await using seed = run(join(SEEDS, 'multi-container-pod.yaml'), standIns)
      await seed.until('both have run', () =>
        ['web-server', 'log-agent'].every((name) => seed.newsOf(name, 'exited').length),
      )
      // The shell of busybox has nothing to do and ends.
      assert.equal(seed.newsOf('web-server', 'exited')[0]?.exitCode, 0)
      assert.equal(seed.newsOf('log-agent', 'exited')[0]?.exitCode, 0)
    })

    for (const name of manifestsIn(join(SEEDS, 'templates'))) {
      it(`templates/${name} is refused with a word on its placeholders`, async () => {
        await using template = run(join(SEEDS, 'templates', name))
        assert.equal(await template.end(), 1)
        assert.match(template.stderr, new RegExp(`${name}:5:3: metadata\\.name: .*\\[pod-name\\] is a placeholder`))
        assert.deepEqual(template.podUids, [])
      })
    }
  },
)
