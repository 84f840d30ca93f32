import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../failure.ts'
import type { ServeOptions } from './cli-machine.ts'
import { FakeCall } from './fake-environment.ts'

/** A machine whose server is ready at once and ends when it is told to. */
function server(seen: ServeOptions[]) {
  return (options: ServeOptions): Promise<void> => {
    seen.push(options)
    options.onReady({ socketPath: '/state/instances/server/api.sock', url: 'https://127.0.0.1:6443' })
    return new Promise((resolve) => options.signal.addEventListener('abort', () => resolve()))
  }
}

describe('serve', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`says where it serves, and ends well on ${signal}`, async () => {
      const seen: ServeOptions[] = []
      const call = new FakeCall(['serve', '--state-dir', '/state'], { serve: server(seen) })
      await call.stderr.shows('serving on https://127.0.0.1:6443 and /state/instances/server/api.sock\n')
      call.interrupt(signal)
      assert.equal(await call.exitCode, 0)
      assert.ok(call.stderr.text.endsWith(`${signal}: stopping; the Pods go on\n`))
      assert.deepEqual(
        seen.map(({ stateDirectory, restartBackOff }) => [stateDirectory, restartBackOff]),
        [['/state', 'normal']],
      )
    })
  }

  it('R4: takes the fast back-off', async () => {
    const seen: ServeOptions[] = []
    const call = new FakeCall(['serve', '--restart-backoff=fast'], { serve: server(seen) })
    await call.stderr.shows('serving')
    call.interrupt()
    await call.exitCode
    assert.equal(seen[0]?.restartBackOff, 'fast')
  })

  const addresses: readonly [text: string, host: string, port: number][] = [
    ['127.0.0.1:7000', '127.0.0.1', 7000],
    ['[::1]:7000', '::1', 7000],
    [':7000', '0.0.0.0', 7000],
    ['7000', '127.0.0.1', 7000],
    ['machine.lan:0', 'machine.lan', 0],
  ]
  for (const [text, host, port] of addresses) {
    it(`listens on ${text}`, async () => {
      const seen: ServeOptions[] = []
      const call = new FakeCall(['serve', '--listen', text, '--tls-san', 'a', '--tls-san', 'b'], {
        serve: server(seen),
      })
      await call.stderr.shows('serving')
      call.interrupt()
      await call.exitCode
      assert.deepEqual(seen[0]?.listen, { address: { host, port }, names: ['a', 'b'] })
    })
  }

  for (const text of ['machine', '127.0.0.1:', ':70000', 'a:b']) {
    it(`refuses to listen on ${text}`, async () => {
      const call = new FakeCall(['serve', '--listen', text], { serve: server([]) })
      assert.equal(await call.exitCode, 1)
      assert.match(call.stderr.text, /--listen .* must be HOST:PORT/)
    })
  }

  it('R3: takes a cap of the back-off, within bounds', async () => {
    const seen: ServeOptions[] = []
    const call = new FakeCall(['serve', '--max-restart-backoff=30s'], { serve: server(seen) })
    await call.stderr.shows('serving')
    call.interrupt()
    await call.exitCode
    assert.equal(seen[0]?.maxRestartBackOffMs, 30_000)
    for (const wrong of ['500ms', '6m']) {
      const refused = new FakeCall(['serve', '--max-restart-backoff', wrong], { serve: server([]) })
      assert.equal(await refused.exitCode, 1)
      assert.match(refused.stderr.text, /--max-restart-backoff: must be between 1s and 5m/)
    }
  })

  it('says why it cannot serve', async () => {
    const locked = new Failure('StateLocked', 'serve "/state": another peapod server runs on it; stop that one first')
    const call = new FakeCall(['serve'], { serve: () => Promise.reject(locked) })
    assert.equal(await call.exitCode, 1)
    assert.equal(call.stderr.text, `peapod: ${locked.message}\n`)
  })
})
