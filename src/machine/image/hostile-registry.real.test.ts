import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { unlessThereIs } from '../../../test/needs.ts'
import type { FailureReason } from '../../failure.ts'
import type { PullProgress } from './image.ts'
import { type ImageStore, type ImageStoreOptions, openImageStore } from './image-store.ts'
import type { Credentials } from './registry/auth-file.ts'
import { assertNoTemp, rejectsWith } from './testing/assert-store.ts'
import { makeImage } from './testing/make-image.ts'
import { type Misbehaviour, startTestRegistry } from './testing/test-registry.ts'

const signal = AbortSignal.timeout(60_000)
const QUICK_RETRY = { retries: 3, firstDelayMs: 1, longestDelayMs: 4 }

/** One layer that does not compress, so that it comes in many pieces. */
const image = makeImage([{ big: randomBytes(1024 * 1024) }])
const [layer = ''] = image.layerDigests
const layerBytes = image.blobs.get(layer) ?? Buffer.alloc(0)

describe('pulling from a registry that misbehaves', { skip: unlessThereIs('root') }, () => {
  let directory: string
  let stores = 0
  const storeDir = () => join(directory, `store-${stores}`)

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'peapod-hostile-'))
  })
  after(() => rm(directory, { recursive: true, force: true }))

  function newStore(options: ImageStoreOptions = {}): Promise<ImageStore> {
    stores += 1
    return openImageStore(storeDir(), {
      platform: { os: 'linux', architecture: 'amd64' },
      retry: QUICK_RETRY,
      ...options,
    })
  }

  const refused: readonly (readonly [what: string, misbehave: Misbehaviour, reason: FailureReason, message: RegExp])[] =
    [
      [
        'other bytes for a layer',
        onLayer((_, response) => void response.end(Buffer.alloc(layerBytes.length, 'x'))),
        'ErrImagePull',
        /gzip|digest mismatch/,
      ],
      [
        'other bytes for the config',
        on(image.id, (_, response) => void response.end('{'.padEnd(image.blobs.get(image.id)?.length ?? 0))),
        'ErrImagePull',
        /digest mismatch/,
      ],
      [
        'a manifest that is not what its header says',
        on('/manifests/', (_, response) => {
          response.setHeader('docker-content-digest', `sha256:${'0'.repeat(64)}`)
          response.end(image.manifest)
        }),
        'ErrImagePull',
        /digest mismatch: 127.* sent a manifest of the digest sha256:/,
      ],
      [
        'fewer bytes than the manifest says, as if that were all',
        onLayer((_, response) => void response.setHeader('content-length', 9).end('truncated')),
        'ErrImagePull',
        /truncated: .* has 9 bytes of sha256:/,
      ],
      [
        'more bytes than the manifest says',
        onLayer((_, response) => void response.end(Buffer.concat([layerBytes, layerBytes]))),
        'ErrImagePull',
        /more than the \d+ bytes that were announced/,
      ],
      [
        'a manifest without end',
        on('/manifests/', sendForever),
        'ErrImagePull',
        /manifest of a:1 is longer than 4194304 bytes/,
      ],
      [
        'an old manifest',
        on('/manifests/', (_, response) => void response.end('{"schemaVersion":1,"fsLayers":[]}')),
        'ErrImagePull',
        /schema 1/,
      ],
      [
        'a page instead of a manifest',
        on('/manifests/', (_, response) => void response.end('<html>log in</html>')),
        'ErrImagePull',
        /not JSON/,
      ],
      [
        'nothing but 500',
        on('/v2/', (_, response) => void response.writeHead(500).end()),
        'RegistryUnavailable',
        /answered 500/,
      ],
      [
        'nothing but 429 with a long wait',
        on('/v2/', (_, response) => void response.writeHead(429, { 'retry-after': '3600' }).end()),
        'RegistryUnavailable',
        /answered 429 .*too many requests/,
      ],
      [
        'redirects in a circle',
        on('/blobs/', (request, response) => void response.writeHead(307, { location: request.url ?? '' }).end()),
        'ErrImagePull',
        /more than 10 redirects/,
      ],
      [
        'a broken connection every time',
        on('/v2/', (request) => void request.socket.destroy()),
        'RegistryUnavailable',
        /the connection broke/,
      ],
      ['silence', on('/v2/', () => undefined), 'RegistryUnavailable', /nothing came for 0.1 s/],
      [
        'silence in the middle of a layer',
        onLayer((_, response) => void response.setHeader('content-length', layerBytes.length).write('x')),
        'RegistryUnavailable',
        /nothing came for 0.1 s/,
      ],
    ]
  for (const [what, misbehave, reason, message] of refused) {
    it(`refuses ${what}`, async () => {
      await using registry = await startTestRegistry({ image, misbehave })
      const store = await newStore({ silenceMs: 100 })
      await rejectsWith(store.pull(`${registry.host}/a:1`, { signal }), reason, message)
      assert.equal(await store.find(`${registry.host}/a:1`), undefined)
      assert.deepEqual(readdirSync(join(storeDir(), 'tmp')), [])
      assert.deepEqual(readdirSync(join(storeDir(), 'layers')), [])
      assert.equal(await store.content.has(layer), false)
      // What came before a connection broke may wait for the next pull; what was wrong may not.
      if (reason === 'ErrImagePull') assertNoTemp(storeDir())
    })
  }

  it('refuses a layer whose content is not what the config says, and keeps none of it', async () => {
    const lying = makeImage([{ hello: 'world' }], { diffIds: [`sha256:${'0'.repeat(64)}`] })
    await using registry = await startTestRegistry({ image: lying })
    const store = await newStore()
    await rejectsWith(store.pull(`${registry.host}/a`, { signal }), 'ErrImagePull', /not what the image config says/)
    assertNoTemp(storeDir())
    assert.deepEqual(readdirSync(join(storeDir(), 'layers')), [])
    assert.equal(await store.content.has(lying.layerDigests[0] ?? ''), false)
  })

  it('goes on where it was when the connection breaks', async () => {
    const dropping = onLayer((request, response) => sendSome(request, response, 150_000))
    await using registry = await startTestRegistry({ image, misbehave: dropping })
    const store = await newStore()
    const retries: PullProgress[] = []
    const onProgress = (progress: PullProgress) => progress.is === 'retry' && retries.push(progress)
    const pulled = await store.pull(`${registry.host}/a`, { signal, onProgress })
    assert.equal((await readFile(join(pulled.layerDirs[0] ?? '', 'big'))).length, 1024 * 1024)
    const offsets = layerOffsets(registry.requests)
    assert.ok(offsets.length >= 6, `${offsets.length} requests`)
    assert.deepEqual(
      offsets,
      [...offsets].sort((a, b) => a - b),
      'never goes back',
    )
    assert.equal(retries.length, offsets.length - 1)
    assertNoTemp(storeDir())
  })

  it('skips what it has when the registry knows no ranges', async () => {
    let drops = 2
    const misbehave = onLayer((request, response) => {
      if (drops-- > 0) sendSome(request, response, 200_000)
      else response.end(layerBytes)
    })
    await using registry = await startTestRegistry({ image, misbehave })
    const pulled = await (await newStore()).pull(`${registry.host}/a`, { signal })
    assert.equal((await readFile(join(pulled.layerDirs[0] ?? '', 'big'))).length, 1024 * 1024)
  })

  it('does not believe a range that it did not ask for', async () => {
    const misbehave = onLayer((request, response) => {
      if (request.headers.range === undefined) sendSome(request, response, 200_000)
      else response.writeHead(206, { 'content-range': `bytes 0-9/${layerBytes.length}` }).end(layerBytes)
    })
    await using registry = await startTestRegistry({ image, misbehave })
    const pull = (await newStore()).pull(`${registry.host}/a`, { signal })
    await rejectsWith(pull, 'ErrImagePull', /sent bytes from 0, asked for those from \d+/)
  })

  it('uses what an earlier pull got, unless that is wrong', async () => {
    let isBroken = true
    const misbehave = onLayer((request, response) => {
      if (!isBroken) return false
      if (request.headers.range === undefined) sendSome(request, response, 300_000)
      else request.socket.destroy()
      return true
    })
    await using registry = await startTestRegistry({ image, misbehave })
    for (const spoil of [false, true]) {
      isBroken = true
      const store = await newStore()
      await rejectsWith(store.pull(`${registry.host}/a`, { signal }), 'RegistryUnavailable', /the connection broke/)
      const [kept = ''] = readdirSync(join(storeDir(), 'partial'))
      if (spoil)
        writeFileSync(join(storeDir(), 'partial', kept), Buffer.from(layerBytes.subarray(0, 100_000)).fill('x', 50_000))
      isBroken = false
      const before = registry.requests.length
      await (await openImageStore(storeDir(), { retry: QUICK_RETRY })).pull(`${registry.host}/a`, { signal })
      const [first = 0, ...others] = layerOffsets(registry.requests.slice(before))
      assert.ok(first > 0, 'goes on at the kept beginning')
      assert.deepEqual(others, spoil ? [0] : [])
      assertNoTemp(storeDir())
    }
  })

  it('waits as long as it is asked to, and tries again after an error that may pass', async () => {
    const answers = [503, 429, 500]
    const misbehave: Misbehaviour = (_, response) => {
      const status = answers.shift()
      if (status === undefined) return false
      response.writeHead(status, { 'retry-after': '0' }).end()
      return true
    }
    await using registry = await startTestRegistry({ image, misbehave })
    const retries: string[] = []
    const onProgress = (progress: PullProgress) =>
      progress.is === 'retry' && retries.push(`${progress.attempt} ${progress.message}`)
    await (await newStore()).pull(`${registry.host}/a`, { signal, onProgress })
    assert.deepEqual(
      retries.map((retry) => retry.slice(0, 2)),
      ['2 ', '3 ', '4 '],
    )
  })

  it('gets a token with its password, and shows it to nobody else', async () => {
    await using storage = await startTestRegistry({ image })
    const { misbehave, tokens } = tokenGuard((request, response) => {
      if (!request.url?.includes('/blobs/')) return false
      response.writeHead(307, { location: `http://${storage.host}${request.url}` }).end()
      return true
    })
    await using registry = await startTestRegistry({ image, misbehave })
    const credentials = given({ is: 'password', username: 'me', password: 'mine' })
    await (await newStore({ credentials })).pull(`${registry.host}/team/a`, { signal })
    const [question] = tokens
    assert.equal(tokens.length, 1, 'one token for all requests')
    assert.equal(question?.authorization, `Basic ${Buffer.from('me:mine').toString('base64')}`)
    assert.match(question.url, /\?service=the\+registry&scope=repository%3Ateam%2Fa%3Apull&account=me$/)
    assert.ok(storage.requests.length >= 2)
    assert.ok(storage.requests.every(({ headers }) => headers.authorization === undefined))
  })

  it('gets a token with an identity token, or with nothing', async () => {
    const { misbehave, tokens } = tokenGuard(() => false)
    await using registry = await startTestRegistry({ image, misbehave })
    const credentials = given({ is: 'identity-token', token: 'refresh' })
    await (await newStore({ credentials })).pull(`${registry.host}/a`, { signal })
    assert.match(tokens[0]?.body ?? '', /grant_type=refresh_token&client_id=peapod&refresh_token=refresh&service=/)
    await (await newStore()).pull(`${registry.host}/a`, { signal })
    assert.equal(tokens[1]?.authorization, undefined)
  })

  it('does not ask for a token on the word of whoever it was redirected to', async () => {
    const { misbehave, tokens } = tokenGuard(() => false)
    await using thief = await startTestRegistry({ image, misbehave })
    const redirect = on('/blobs/', (request, response) => {
      response.writeHead(307, { location: `http://${thief.host}${request.url ?? ''}` }).end()
    })
    await using registry = await startTestRegistry({ image, misbehave: redirect })
    const credentials = given({ is: 'password', username: 'me', password: 'mine' })
    await rejectsWith((await newStore({ credentials })).pull(`${registry.host}/a`, { signal }), 'ErrImagePull', /401/)
    assert.deepEqual(tokens, [])
  })

  it('takes a certificate that it cannot verify only when told so', async () => {
    const testdata = join(import.meta.dirname, 'testing/testdata')
    const key = await readFile(join(testdata, 'localhost.key.pem'), 'utf8')
    const cert = await readFile(join(testdata, 'localhost.cert.pem'), 'utf8')
    await using registry = await startTestRegistry({ image, tls: { key, cert } })
    const strict = (await newStore()).pull(`${registry.host}/a`, { signal })
    await rejectsWith(strict, 'RegistryUnavailable', /TLS: self-signed certificate; .* list "127.* under "insecure"/)
    const registries = { mirrors: {}, insecure: [registry.host] }
    assert.equal((await (await newStore({ registries })).pull(`${registry.host}/a`, { signal })).id, image.id)
  })

  it('finishes a layer that another pull of the same process is getting', async () => {
    const other = makeImage([{ big: randomBytes(300_000) }])
    await using registry = await startTestRegistry({ image: other })
    const store = await newStore()
    await Promise.all(['a:1', 'b:2', 'c:3'].map((name) => store.pull(`${registry.host}/${name}`, { signal })))
    const layers = registry.requests.filter(({ line }) => line.includes(other.layerDigests[0] ?? '-'))
    assert.equal(layers.length, 1)
    assert.equal((await store.list()).length, 1)
    assert.equal((await store.list())[0]?.names.length, 3)
  })
})

/** Takes over the requests whose URL holds a text. */
function on(part: string, answer: (request: IncomingMessage, response: ServerResponse) => unknown): Misbehaviour {
  return (request, response) => request.url?.includes(part) === true && answer(request, response) !== false
}

function onLayer(answer: (request: IncomingMessage, response: ServerResponse) => unknown): Misbehaviour {
  return on(layer, answer)
}

/** A piece of the layer from where it was asked, and then the connection breaks. */
function sendSome(request: IncomingMessage, response: ServerResponse, count: number): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  const end = Math.min(start + count, layerBytes.length)
  const contentRange = `bytes ${start}-${layerBytes.length - 1}/${layerBytes.length}`
  response.writeHead(start === 0 ? 200 : 206, {
    'content-length': layerBytes.length - start,
    'content-range': contentRange,
  })
  response.write(layerBytes.subarray(start, end), () => response.destroy())
}

function sendForever(_: IncomingMessage, response: ServerResponse): void {
  const chunk = Buffer.alloc(64 * 1024, ' ')
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  }
  response.on('drain', more)
  more()
}

function layerOffsets(requests: readonly { line: string; headers: IncomingMessage['headers'] }[]): number[] {
  return requests
    .filter(({ line }) => line.includes(layer))
    .map(({ headers }) => Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0))
}

function given(credentials: Credentials) {
  return () => Promise.resolve(credentials)
}

/** Asks for a bearer token, and gives one out; then lets `then` misbehave. */
function tokenGuard(then: Misbehaviour) {
  const tokens: { url: string; authorization: string | undefined; body: string }[] = []
  const misbehave: Misbehaviour = async (request, response) => {
    const url = request.url ?? ''
    if (url.startsWith('/token')) {
      const body = Buffer.concat(await request.toArray()).toString()
      tokens.push({ url, authorization: request.headers.authorization, body })
      response.end(JSON.stringify({ token: 'the-token', expires_in: 60 }))
      return true
    }
    if (request.headers.authorization === 'Bearer the-token') return then(request, response)
    const realm = `http://${request.headers.host ?? ''}/token`
    response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="the registry"` }).end()
    return true
  }
  return { misbehave, tokens }
}
