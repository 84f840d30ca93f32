import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { digestOf } from '../digest.ts'
import { type Misbehaviour, startTestRegistry } from '../testing/test-registry.ts'
import { openHttpTransport } from './http-transport.ts'
import { connectRegistry } from './registry-connection.ts'
import { ownEndpoint } from './registry-endpoints.ts'
import { NO_REGISTRIES_CONFIG } from './registries-config.ts'
import { uploadBlob } from './upload-blob.ts'

const bytes = randomBytes(10_000)
const blob = { digest: digestOf(bytes), sizeBytes: bytes.length }

describe('uploadBlob', () => {
  it('sends a small blob at once', async () => {
    const { came, lines, pushed } = await upload({ chunkBytes: bytes.length })
    assert.equal(came, 'uploaded')
    assert.deepEqual(lines, ['HEAD', 'POST', 'PUT'])
    assert.deepEqual(pushed, bytes)
  })

  it('sends a large one in chunks', async () => {
    const { lines, pushed } = await upload({ chunkBytes: 4_000 })
    assert.deepEqual(lines, ['HEAD', 'POST', 'PATCH', 'PATCH', 'PATCH', 'PUT'])
    assert.deepEqual(pushed, bytes)
  })

  it('asks how far it got when a chunk is lost, and goes on there', async () => {
    let losses = 1
    const misbehave: Misbehaviour = (request) => {
      if (request.method !== 'PATCH' || !request.headers['content-range']?.startsWith('4000-')) return false
      if (losses-- <= 0) return false
      request.socket.destroy()
      return true
    }
    const { lines, pushed } = await upload({ chunkBytes: 4_000, misbehave })
    assert.deepEqual(lines, ['HEAD', 'POST', 'PATCH', 'PATCH', 'GET', 'PATCH', 'PATCH', 'PUT'])
    assert.deepEqual(pushed, bytes)
  })

  it('begins anew when the registry forgot the upload', async () => {
    let isForgotten = false
    const misbehave: Misbehaviour = (request, response) => {
      if (isForgotten || (request.method !== 'GET' && !request.headers['content-range']?.startsWith('8000-')))
        return false
      isForgotten = request.method === 'GET'
      response.writeHead(isForgotten ? 404 : 500).end()
      return true
    }
    const { lines, pushed } = await upload({ chunkBytes: 4_000, misbehave })
    assert.deepEqual(lines.slice(5), ['GET', 'POST', 'PATCH', 'PATCH', 'PATCH', 'PUT'])
    assert.deepEqual(pushed, bytes)
  })

  it('sends nothing that is there', async () => {
    const misbehave: Misbehaviour = (_, response) => {
      response.end()
      return true
    }
    const { came, lines } = await upload({ chunkBytes: 4_000, misbehave })
    assert.equal(came, 'exists')
    assert.deepEqual(lines, ['HEAD'])
  })
})

async function upload(options: { readonly chunkBytes: number; readonly misbehave?: Misbehaviour }) {
  await using registry = await startTestRegistry(options)
  const connection = connectRegistry({
    // http:// at once: what is tested begins after the greeting.
    endpoint: { ...ownEndpoint(registry.host, NO_REGISTRIES_CONFIG), baseUrls: [`http://${registry.host}`] },
    repository: 'a',
    access: 'pull,push',
    transport: openHttpTransport({ silenceMs: 5_000, proxyEnv: {} }),
    credentials: () => Promise.resolve(undefined),
  })
  let doneBytes = 0
  const came = await uploadBlob({
    connection,
    repository: 'a',
    blob,
    mountFrom: [],
    read: (start, end) => Readable.from([bytes.subarray(start, end)]),
    retry: {
      policy: { retries: 2, firstDelayMs: 1, longestDelayMs: 1 },
      signal: AbortSignal.timeout(10_000),
      wasReached: true,
    },
    chunkBytes: options.chunkBytes,
    onProgress: (done) => (doneBytes = done),
  })
  if (came === 'uploaded') assert.equal(doneBytes, bytes.length)
  const lines = registry.requests.map(({ line }) => line.split(' ')[0])
  return { came, lines, pushed: registry.pushed.get(blob.digest) }
}
