import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { unlessThereIs } from '../needs.ts'
import { runPeapod } from './run-peapod.ts'
import { pod, shell } from './sample-pods.ts'
import { openStateDirectory } from './state-directory.ts'

const COUNT = 40
const LONG = 'a'.repeat(20_000)

describe("a container's output", { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'busybox') }, () => {
  let state: Awaited<ReturnType<typeof openStateDirectory>>
  before(async () => {
    state = await openStateDirectory()
  })
  after(() => state[Symbol.asyncDispose]())

  /** Lines of one stream. */
  async function streamsOf(script: string): Promise<Record<'stdout' | 'stderr', readonly string[]>> {
    await using run = runPeapod({
      stateDirectory: state.path,
      pods: [pod('writer', { containers: [shell('app', script)] })],
    })
    assert.equal(await run.end(), 0)
    const logs = run.events.filter((event) => event.type === 'log')
    const linesOf = (stream: string) => logs.filter((log) => log.stream === stream).map(({ line }) => line ?? '')
    return { stdout: linesOf('stdout'), stderr: linesOf('stderr') }
  }

  it('has long lines whole, each under the stream it was written to', async () => {
    const streams = await streamsOf(`
      i=0
      while [ $i -lt ${COUNT} ]; do
        head -c ${LONG.length} /dev/zero | tr '\\0' a
        echo " $i"
        echo "error $i" >&2
        i=$((i + 1))
      done`)
    const numbers = Array.from({ length: COUNT }, (_, number) => number)
    assert.deepEqual(
      streams.stderr,
      numbers.map((number) => `error ${number}`),
    )
    assert.deepEqual(
      streams.stdout,
      numbers.map((number) => `${LONG} ${number}`),
    )
  })

  it('has no line of one stream in a line of the other', async () => {
    const streams = await streamsOf('printf "half a "; echo oops >&2; echo line; printf "no end"')
    assert.deepEqual(streams.stderr, ['oops'])
    assert.equal(streams.stdout.join(''), 'half a lineno end')
  })
})
