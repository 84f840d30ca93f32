import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FakeApiServer, sendStatus, type FakeObject } from '../../client/fake-api-server.ts'
import { openClient } from '../../client/open-client.ts'
import { readInstanceLog } from './read-instance-log.ts'

const POD = { namespace: 'default', name: 'web' }

function podWith(restartCount: number): FakeObject {
  return { metadata: { ...POD, uid: 'u1' }, status: { containerStatuses: [{ name: 'app', restartCount }] } }
}

/** Reads one instance's log to its end. */
async function read(
  server: FakeApiServer,
  instance: number,
  over: Promise<void> = Promise.resolve(),
): Promise<string[]> {
  const client = openClient(server.endpoint)
  const lines: string[] = []
  const onLines = (batch: readonly { bytes: Buffer }[]) => {
    lines.push(...batch.map((line) => line.bytes.toString()))
    return Promise.resolve()
  }
  const { signal } = new AbortController()
  const patience = { retryDelaysMs: [1, 1, 1, 1, 1], endBecomesKnownMs: 5 }
  await readInstanceLog({ client, pod: POD, container: 'app', instance, over, onLines, signal, patience })
  client.close()
  return lines
}

describe('readInstanceLog', { timeout: 20_000 }, () => {
  it('loses and repeats no line, whatever breaks and however quick the restarts', async () => {
    const arbitraryBatches = fc.array(
      fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '0', '1'), maxLength: 6 }), { minLength: 1, maxLength: 3 }),
      { maxLength: 4 },
    )
    const arbitraryBreaks = fc.array(fc.nat(6), { maxLength: 1 })
    await fc.assert(
      fc.asyncProperty(
        arbitraryBatches,
        arbitraryBatches,
        arbitraryBreaks,
        fc.boolean(),
        async (first, second, breaks, isQuick) => {
          await using server = await FakeApiServer.open()
          server.put('pods', podWith(0))
          const log = server.startLog('app')
          log.breakAfter.push(...breaks)
          const { promise: over, resolve: endKnown } = Promise.withResolvers<undefined>()
          const reading = isQuick ? undefined : read(server, 0, over)
          for (const batch of first) {
            log.write(...batch)
            await new Promise((resolve) => setImmediate(resolve))
          }
          log.end()
          endKnown(undefined)
          const early = await reading
          server.put('pods', podWith(1))
          const next = server.startLog('app')
          for (const batch of second) next.write(...batch)
          next.end()
          assert.deepEqual(early ?? (await read(server, 0)), first.flat())
          assert.deepEqual(await read(server, 1), second.flat())
        },
      ),
      { numRuns: 40 },
    )
  })

  it('an answer that ends before the container does is asked for the rest', async () => {
    await using server = await FakeApiServer.open()
    server.put('pods', podWith(0))
    const log = server.startLog('app')
    log.write('one')
    server.answers.push((_request, response) => (response.end('2026-11-20T10:00:00.0Z zero\n'), true))
    const { promise: over, resolve: endKnown } = Promise.withResolvers<undefined>()
    server.answers.push((request) => {
      if (request.url?.includes('/log') === true) endKnown(undefined)
      return false
    })
    log.end()
    assert.deepEqual(await read(server, 0, over), ['zero', 'one'])
  })

  it('the log of a pod that is gone is over', async () => {
    await using server = await FakeApiServer.open()
    assert.deepEqual(await read(server, 0), [])
  })

  it('what will not change is tried once', async () => {
    await using server = await FakeApiServer.open()
    server.answers.push((_request, response) => (sendStatus(response, 403, 'Forbidden', 'no'), true))
    await assert.rejects(read(server, 0), { reason: 'Forbidden' })
    assert.equal(server.requests.length, 1)
  })
})
