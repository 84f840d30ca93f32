import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { it } from 'node:test'

it('stand-in answers on the ports that are free and runs until it is asked to stop', async () => {
  const taken = createServer().listen(0)
  const free = createServer().listen(0)
  await Promise.all([once(taken, 'listening'), once(free, 'listening')])
  const [takenPort, freePort] = [taken, free].map((server) => (server.address() as AddressInfo).port)
  free.close()
  const companion = spawn(process.execPath, [join(import.meta.dirname, 'stand-in.ts')], {
    env: { ...process.env, PORTS: `${takenPort},${freePort}` },
  })
  const lines = createInterface({ input: companion.stdout })[Symbol.asyncIterator]()
  assert.equal((await lines.next()).value, `stand-in: listening on ${freePort}`)
  const answer = await fetch(`http://127.0.0.1:${freePort}/hello`)
  assert.match(await answer.text(), /^a stand-in in pod /)
  assert.equal((await lines.next()).value, 'stand-in: GET /hello')
  companion.kill('SIGTERM')
  assert.deepEqual(await once(companion, 'exit'), [0, null])
  taken.close()
})
