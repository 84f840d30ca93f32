import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type ByteChannel, openByteChannel } from './byte-channel.ts'

describe('openByteChannel', () => {
  it('brings every byte over in order, whatever the sizes', async () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(chunks, fc.integer({ min: 0, max: 40 }), async (written, room) => {
        const channel = openByteChannel(room)
        const reading = readAll(channel)
        for (const chunk of written) await channel.write(chunk)
        channel.end()
        assert.deepEqual(await reading, written)
      }),
      { numRuns: 200 },
    )
  })

  it('makes the writer wait for the reader', async () => {
    const channel = openByteChannel(10)
    const written: number[] = []
    const writing = (async () => {
      for (const size of [8, 8, 8]) {
        await channel.write(new Uint8Array(size))
        written.push(size)
      }
      channel.end()
    })()
    await Promise.resolve()
    await Promise.resolve()
    assert.deepEqual(written, [8])
    assert.equal((await readAll(channel)).length, 3)
    await writing
  })

  it('throws what the writer failed with', async () => {
    const channel = openByteChannel(10)
    await channel.write(new Uint8Array(1))
    channel.fail(new Error('broken'))
    await assert.rejects(readAll(channel), /broken/)
  })

  it('never holds up a writer whose reader has gone, or never came', async () => {
    const left = openByteChannel(1)
    await left.write(new Uint8Array(1))
    for await (const chunk of left) {
      assert.equal(chunk.length, 1)
      break
    }
    await left.write(new Uint8Array(100))
    const failed = openByteChannel(1)
    const writing = failed.write(new Uint8Array(100))
    failed.fail(new Error('no reader'))
    await writing
  })
})

async function readAll(channel: ByteChannel): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of channel) chunks.push(chunk)
  return chunks
}
