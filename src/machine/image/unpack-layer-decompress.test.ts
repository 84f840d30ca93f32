import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { decompress } from './unpack-layer-decompress.ts'
import { UnpackMeter } from './unpack-layer-limits.ts'

async function* inPieces(bytes: Buffer, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield await Promise.resolve(bytes.subarray(at, at + pieceBytes))
}

async function readAll(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function textOf(bytes: Buffer, pieceBytes = 1_000): Promise<string> {
  return readAll(decompress(inPieces(bytes, pieceBytes)))
}

const gzip = (text: string) => gzipSync(Buffer.from(text))
const zstd = (text: string) => zstdCompressSync(Buffer.from(text))
const skippableFrame = Buffer.from('502a4d180400000061626364', 'hex')

describe('decompressing', () => {
  const accepted: readonly [rule: string, bytes: Buffer, text: string][] = [
    ['nothing', Buffer.alloc(0), ''],
    ['plain bytes', Buffer.from('one'), 'one'],
    ['gzip', gzip('one'), 'one'],
    ['gzip of several members', Buffer.concat([gzip('one'), gzip('two')]), 'onetwo'],
    ['zstd', zstd('one'), 'one'],
    ['zstd of several frames', Buffer.concat([zstd('one'), skippableFrame, zstd('two')]), 'onetwo'],
    ['zstd that begins with a frame to skip', Buffer.concat([skippableFrame, zstd('one')]), 'one'],
  ]
  for (const [rule, bytes, text] of accepted) {
    it(`understands ${rule}`, async () => {
      assert.equal(await textOf(bytes), text)
      assert.equal(await textOf(bytes, 1), text)
    })
  }

  const refused: readonly [rule: string, bytes: Buffer, message: RegExp][] = [
    ['gzip that is cut short', gzip('one').subarray(0, -1), /its gzip data is damaged or truncated/],
    ['zstd that is cut short', zstd('one').subarray(0, -1), /its zstd data is damaged or truncated/],
    ['gzip with another checksum', gzip('one').fill(0, 15), /its gzip data is damaged or truncated/],
    ['garbage behind gzip', Buffer.concat([gzip('one'), Buffer.from('garbage')]), /its gzip data is damaged/],
  ]
  for (const [rule, bytes, message] of refused) {
    it(`refuses ${rule}`, async () => {
      await assert.rejects(textOf(bytes), { reason: 'ImageArchiveInvalid', message })
    })
  }

  for (const compressed of [Buffer.from('pl'), gzip('x'.repeat(9_999)).subarray(0, 20)]) {
    it(`passes on what the source throws (${compressed.length} bytes)`, async () => {
      const gone = new Error('connection reset')
      const source = async function* () {
        yield await Promise.resolve(compressed)
        throw gone
      }
      await assert.rejects(readAll(decompress(source())), (error) => error === gone)
    })
  }

  for (const bytes of [Buffer.alloc(9_999), gzip('x'.repeat(999_999))]) {
    it(`lets go of the source when the reader stops (${bytes.length} bytes)`, async () => {
      const released = Promise.withResolvers<undefined>()
      const source = async function* () {
        try {
          for (;;) yield await Promise.resolve(bytes)
        } finally {
          released.resolve(undefined)
        }
      }
      for await (const chunk of decompress(source())) if (chunk.length > 0) break
      await released.promise
    })
  }
})

describe('the limits of an archive', () => {
  const limits = { largestBytes: 10_000, largestEntries: 3, largestRatio: 10, freeBytes: 500 }
  const compressed = async (meter: UnpackMeter, bytes: number) => {
    await readAll(meter.countCompressed(inPieces(Buffer.alloc(bytes), 64)))
  }

  it('are on its size', async () => {
    const meter = new UnpackMeter(limits)
    await compressed(meter, 10_000)
    meter.addUnpacked(10_000)
    assert.throws(() => meter.addUnpacked(1), { reason: 'ImageArchiveInvalid', message: /more than 10000 bytes/ })
  })

  it('are on the ratio once it is large', async () => {
    const meter = new UnpackMeter(limits)
    await compressed(meter, 10)
    meter.addUnpacked(500)
    assert.throws(() => meter.addUnpacked(1), { message: /10 compressed bytes became 501, more than 10 times/ })
  })

  it('are on the number of entries', () => {
    const meter = new UnpackMeter(limits)
    meter.addEntries(3)
    assert.throws(() => meter.addEntries(1), { message: /more than 3 entries/ })
  })
})
