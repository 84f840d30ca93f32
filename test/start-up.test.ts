import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

const ROOT = join(import.meta.dirname, '..')

/** Told at the end, on standard error: the files that were loaded, then Node's own modules. */
const TELL = `
const files = []
require('node:module').registerHooks({
  load(url, context, next) {
    if (url.startsWith('file:')) files.push(url)
    return next(url, context)
  },
})
process.on('exit', () => {
  process.stderr.write('\\nLOADED ' + JSON.stringify({ files, builtins: process.moduleLoadList }))
})
`

interface Loaded {
  /** Relative to the project. */
  readonly files: readonly string[]
  readonly builtins: readonly string[]
}

/** Fetch and WebSocket: to load them takes as long as to start Node. */
const FETCH = 'NativeModule internal/deps/undici/undici'

// A slow start has causes, and they are what is pinned here: the machine that this runs on may be busy.
describe('what a command does not need is not loaded', () => {
  let folder = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'peapod-start-up-'))
    writeFileSync(join(folder, 'tell.cjs'), TELL)
  })
  after(() => rmSync(folder, { recursive: true }))

  function loadedBy(...argv: readonly string[]): Loaded {
    const args = ['--disable-warning=ExperimentalWarning', '--require', join(folder, 'tell.cjs'), ...argv]
    const { stderr } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      cwd: ROOT,
      env: { ...process.env, NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/compiled') },
    })
    const told = /^LOADED (.*)$/m.exec(stderr)?.[1]
    if (told === undefined) throw new Error(stderr)
    const { files, builtins } = JSON.parse(told) as Loaded
    return { builtins, files: files.map((file) => file.replace(`file://${ROOT}/`, '')) }
  }

  it('by --help: the command line alone', () => {
    const { files, builtins } = loadedBy('src/main.ts', '--help')
    assert.ok(files.includes('src/user/cli/cli.ts'))
    assert.deepEqual(
      files.filter((file) => !/^src\/(main|main\/program|failure|user\/cli\/[\w-]+)\.ts$/.test(file)),
      [],
    )
    assert.equal(builtins.includes(FETCH), false)
    assert.equal(builtins.includes('NativeModule http'), false)
  })

  it('by run, while it reads manifests: nothing that acts on the machine', () => {
    const manifest = join(folder, 'pod.yaml')
    writeFileSync(manifest, 'apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n')
    const { files, builtins } = loadedBy('src/main.ts', 'run', manifest)
    assert.ok(files.some((file) => file.startsWith('node_modules/yaml/')))
    assert.deepEqual(
      files.filter((file) => /^src\/(machine|node)\/|koffi/.test(file)),
      [],
    )
    assert.equal(builtins.includes(FETCH), false)
  })

  it('by ps, when it finds no server: neither TLS, nor kubeconfigs, nor YAML', () => {
    const { files, builtins } = loadedBy('src/main.ts', 'ps', '--state-dir', folder)
    assert.ok(files.includes('src/user/cli/ps/ps.ts'))
    assert.deepEqual(
      files.filter((file) => /^src\/(machine|node)\/|client\/remote|node_modules\//.test(file)),
      [],
    )
    assert.equal(builtins.includes(FETCH), false)
    assert.equal(builtins.includes('NativeModule tls'), false)
  })

  it('by run, when it starts a server of its own: neither fetch, nor registries, nor what makes images or reads protobuf', () => {
    const parts = [
      ...[
        'node/engine/engine',
        'node/engine/instance-directory',
        'node/engine/open-pod-log',
        'node/store/memory-store',
      ],
      ...['node/server/open-server', 'node/server/verbs/create', 'user/client/open-client', 'user/cli/run/run'],
      ...['machine/sandbox/create-sandbox', 'machine/runtime/oci/open-oci-runtime', 'machine/image/image-store'],
    ]
    const script = parts.map((part) => `await import('${ROOT}/src/${part}.ts')`).join('\n')
    const { files, builtins } = loadedBy('--input-type=module', '--eval', script)
    assert.ok(files.includes('src/node/server/open-server.ts'))
    assert.equal(builtins.includes(FETCH), false)
    assert.equal(builtins.includes('NativeModule tls'), false)
    assert.deepEqual(
      files.filter((file) =>
        /machine\/image\/(tar-|builtin-|pull-|unpack-layer)|registry\/(?!registries-config)|generated\/(rest|docs)|api\/protobuf\//.test(
          file,
        ),
      ),
      [],
    )
    assert.deepEqual(
      files.filter((file) => /client-node|client\/remote|user\/cli\/objects/.test(file)),
      [],
    )
  })
})
