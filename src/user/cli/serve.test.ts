import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../failure.ts'
import type { ServeOptions } from './cli-machine.ts'
import { FakeCall } from './fake-environment.ts'

/** A machine whose server is ready at once and ends when it is told to. */
function server(seen: ServeOptions[]) {
  return (options: ServeOptions): Promise<void> => {
    seen.push(options)
    options.onReady('/state/instances/server/api.sock')
    return new Promise((resolve) => options.signal.addEventListener('abort', () => resolve()))
  }
}

describe('serve', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`says where it serves, and ends well on ${signal}`, async () => {
      const seen: ServeOptions[] = []
      const call = new FakeCall(['serve', '--state-dir', '/state'], { serve: server(seen) })
      await call.stderr.shows('serving on /state/instances/server/api.sock\n')
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

  it('says why it cannot serve', async () => {
    const locked = new Failure('StateLocked', 'serve "/state": another peapod server runs on it; stop that one first')
    const call = new FakeCall(['serve'], { serve: () => Promise.reject(locked) })
    assert.equal(await call.exitCode, 1)
    assert.equal(call.stderr.text, `peapod: ${locked.message}\n`)
  })
})
