import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { TestImage } from './make-image.ts'

export const REGISTRY_USER = 'pod'
export const REGISTRY_PASSWORD = 'pea:secret'
/** bcrypt of the password above. */
const HTPASSWD = `${REGISTRY_USER}:$2y$05$24SkK1hS4ZmQgmAYgVjqpOFbZ4fRygGRU5FLrzSuwLlZ88HS1qtpK\n`
const START_LIMIT_MS = 10_000

/** The real docker-registry on a free port of the loopback interface, with its data in a directory of its own. */
export interface DockerRegistry extends AsyncDisposable {
  /** Such as `127.0.0.1:40123`. */
  readonly host: string
  upload(repository: string, tag: string, image: TestImage): Promise<void>
  /** Puts any manifest under a tag. */
  putManifest(repository: string, tag: string, manifest: { mediaType: string; bytes: Buffer }): Promise<void>
}

export async function startDockerRegistry(options: { readonly withPassword?: boolean } = {}): Promise<DockerRegistry> {
  const directory = await mkdtemp(join(tmpdir(), 'peapod-registry-'))
  const host = `127.0.0.1:${await freePort()}`
  const data = join(directory, 'data')
  await mkdir(data)
  await writeFile(join(directory, 'htpasswd'), HTPASSWD)
  const auth = options.withPassword ? { htpasswd: { realm: 'test', path: join(directory, 'htpasswd') } } : {}
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: data }, delete: { enabled: true } },
    http: { addr: host, secret: 'of this test' },
    auth,
  }
  // JSON is YAML.
  await writeFile(join(directory, 'config.yml'), JSON.stringify(config))
  const child = spawn('docker-registry', ['serve', join(directory, 'config.yml')], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  await untilItAnswers(host)
  const headers = options.withPassword
    ? { authorization: `Basic ${Buffer.from(`${REGISTRY_USER}:${REGISTRY_PASSWORD}`).toString('base64')}` }
    : {}

  return { host, upload, putManifest, [Symbol.asyncDispose]: stop }

  async function upload(repository: string, tag: string, image: TestImage): Promise<void> {
    for (const [digest, bytes] of image.blobs) {
      const start = await fetch(`http://${host}/v2/${repository}/blobs/uploads/`, { method: 'POST', headers })
      assert.equal(start.status, 202, await start.text())
      const location = new URL(start.headers.get('location') ?? '')
      location.searchParams.set('digest', digest)
      const put = await fetch(location, { method: 'PUT', headers, body: new Uint8Array(bytes) })
      assert.equal(put.status, 201, await put.text())
    }
    await putManifest(repository, tag, { mediaType: image.mediaType, bytes: image.manifest })
  }

  async function putManifest(repository: string, tag: string, manifest: { mediaType: string; bytes: Buffer }) {
    const answer = await fetch(`http://${host}/v2/${repository}/manifests/${tag}`, {
      method: 'PUT',
      headers: { ...headers, 'content-type': manifest.mediaType },
      body: new Uint8Array(manifest.bytes),
    })
    assert.equal(answer.status, 201, await answer.text())
  }

  async function stop(): Promise<void> {
    child.kill('SIGKILL')
    await exited
    await rm(directory, { recursive: true, force: true })
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  server.close()
  await once(server, 'close')
  return address.port
}

async function untilItAnswers(host: string): Promise<void> {
  const limitMs = Date.now() + START_LIMIT_MS
  for (;;) {
    try {
      await (await fetch(`http://${host}/v2/`)).text()
      return
    } catch (error) {
      if (Date.now() > limitMs) throw error
      await delay(20)
    }
  }
}
