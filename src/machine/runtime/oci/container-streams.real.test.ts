import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { Readable } from 'node:stream'
import { unlessThereIs } from '../../../../test/needs.ts'
import { Failure } from '../../../failure.ts'
import { cgroupProcesses } from '../../linux/cgroups.ts'
import type { ContainerPlan, ContainerRuntime } from '../container-runtime.ts'
import type { ContainerStreams, RunningProgram, StreamedExec } from '../container-streams.ts'
import { makeTestMachine, type TestMachine, until } from './test-machine.ts'

const never = new AbortController().signal
const BUSY = 'while :; do sleep 1; done'
const MEGABYTES = 64

describe(
  'streams of containers',
  { skip: unlessThereIs('root', 'overlay', 'oci-runtime', 'conmon', 'busybox') },
  () => {
    let machine: TestMachine
    let runtime: ContainerRuntime & ContainerStreams & AsyncDisposable
    let plan: ContainerPlan
    let ids = 0
    before(async () => {
      machine = makeTestMachine()
      runtime = await machine.open()
      plan = await begin(BUSY)
    })
    after(async () => {
      await runtime[Symbol.asyncDispose]()
      await machine[Symbol.asyncDispose]()
    })

    async function begin(script: string, changes: Partial<ContainerPlan> = {}): Promise<ContainerPlan> {
      const made = machine.shell(`c${(ids += 1)}`, script, changes)
      await runtime.create(made, never)
      await runtime.start(made.id)
      return made
    }
    const exec = (script: string, change: Partial<StreamedExec> = {}): RunningProgram =>
      runtime.openExec(plan.id, { args: ['/bin/sh', '-c', script], terminal: false, stdin: false, ...change })

    it('tells both outputs apart, and the exit code', async () => {
      const running = exec('echo out; echo err >&2; exit 3')
      const [out, err, code] = await Promise.all([textOf(running.stdout), textOf(running.stderr), running.ended])
      assert.deepEqual([out, err, code], ['out\n', 'err\n', 3])
    })

    it('gives it its input to the end, and nothing without one', async () => {
      const running = exec('cat; echo done', { stdin: true })
      running.stdin?.end('hello\n')
      assert.equal(await textOf(running.stdout), 'hello\ndone\n')
      assert.equal(await textOf(exec('cat; echo done').stdout), 'done\n')
    })

    it('carries much in both directions, whole', async () => {
      const running = exec('cat', { stdin: true })
      const chunk = Buffer.alloc(65_536, 'abcdefghijklmnopqrstuvwxyz')
      const [sent, received] = [createHash('sha256'), createHash('sha256')]
      let left = (MEGABYTES * 1_048_576) / chunk.length
      const feed = (): void => {
        while (left > 0) {
          left -= 1
          sent.update(chunk)
          if (running.stdin?.write(chunk) === false) {
            running.stdin.once('drain', feed)
            return
          }
        }
        running.stdin?.end()
      }
      feed()
      for await (const piece of running.stdout as AsyncIterable<Buffer>) received.update(piece)
      assert.equal(received.digest('hex'), sent.digest('hex'))
      assert.equal(await running.ended, 0)
    })

    it('a program that nobody reads waits', async () => {
      const running = exec('head -c 10000000 /dev/zero; echo over >&2')
      let isOver = false
      running.stderr?.once('data', () => (isOver = true))
      await until(() => running.stdout.readableLength > 0)
      assert.equal(isOver, false)
      running.stdout.resume()
      assert.equal(await running.ended, 0)
      await until(() => isOver)
    })

    it('a program that is not there is told in the words of the runtime', async () => {
      for (const terminal of [false, true]) {
        const running = exec('', { args: ['nope'], terminal })
        running.stdout.resume()
        await assert.rejects(running.ended, (thrown) => {
          assert.ok(thrown instanceof Failure && thrown.reason === 'StartError')
          assert.match(String(thrown.details?.['said']), /exec: "nope": executable file not found in \$PATH/)
          return true
        })
      }
    })

    it('a terminal has one output, a size that follows the client, and TERM', async () => {
      const running = exec('tty=$(stty size); echo "$tty $TERM"; read line; stty size; echo "<$line>" >&2', {
        terminal: true,
        stdin: true,
      })
      let text = ''
      running.stdout.on('data', (piece: Buffer) => (text += piece.toString()))
      await until(() => text.includes('xterm'))
      assert.equal(text, '24 80 xterm\r\n')
      running.resize({ columns: 132, rows: 50 })
      running.stdin?.write('hello\n')
      await running.ended
      await until(() => text.includes('<hello>'))
      assert.equal(text, '24 80 xterm\r\nhello\r\n50 132\r\n<hello>\r\n')
      running.release()
    })

    it('Ctrl-C on a terminal interrupts the program', async () => {
      const running = exec('echo ready; sleep 100', { terminal: true, stdin: true })
      await until(() => running.stdout.read() !== null)
      running.stdin?.write('\u0003')
      assert.equal(await running.ended, 130)
    })

    it('a program on a terminal is hung up on when it is let go', async () => {
      const before = cgroupProcesses(plan.cgroupPath).length
      const running = exec('echo ready; sleep 1000', { terminal: true, stdin: true })
      await until(() => running.stdout.read() !== null)
      running.release()
      running.release()
      await running.ended
      await until(() => cgroupProcesses(plan.cgroupPath).length <= before)
    })

    it('a program without a terminal ends when it writes what nobody reads', async () => {
      const running = exec('echo ready; while :; do echo more; done')
      await until(() => running.stdout.read() !== null)
      running.release()
      assert.notEqual(await running.ended, 0)
    })

    it('refuses a container that does not run', () => {
      assert.throws(() => runtime.openExec('none', { args: ['sh'], terminal: false, stdin: false }), isNotFound)
      assert.throws(() => runtime.openInput('none'), isNotFound)
    })

    it('leaves no file open', async () => {
      const open = (): number => readdirSync('/proc/self/fd').length
      await textOf(exec('echo', { stdin: true }).stdout)
      const before = open()
      for (const terminal of [false, true, false, true]) {
        const running = exec('echo', { terminal, stdin: true })
        await textOf(running.stdout)
        await running.ended
        running.release()
      }
      await until(() => open() <= before)
    })

    it('feeds the input of the container’s own program, which goes on when a client leaves', async () => {
      const own = await begin('while read line; do echo "<$line>"; done; echo over', { stdin: true })
      for (const word of ['one', 'two']) {
        const input = runtime.openInput(own.id)
        input.stdin.end(`${word}\n`)
        await until(() => machine.output(own).includes(`<${word}>`))
        input.close()
      }
      assert.ok(!machine.output(own).includes('over'))
    })

    it('ends the input with its first client when it is for one only', async () => {
      const own = await begin('while read line; do echo "<$line>"; done; echo over', { stdin: true, stdinOnce: true })
      const input = runtime.openInput(own.id)
      input.stdin.end('one\n')
      await until(() => machine.output(own).includes('over'))
      input.close()
    })

    it('sets the size of the container’s own terminal', async () => {
      const script = 'stty size; while read line; do stty size; done'
      const own = await begin(script, { stdin: true, terminal: true })
      const input = runtime.openInput(own.id)
      input.resize({ columns: 111, rows: 22 })
      const lines = () => machine.output(own).split('\n').length
      await until(() => {
        input.stdin.write('\n')
        return machine.output(own).includes('22 111') && lines() > 1
      })
      input.close()
    })

    it('a container that says much is not held up by its input being open', async () => {
      const own = await begin(
        'read line; i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i+1)); done; echo over',
        {
          stdin: true,
        },
      )
      const input = runtime.openInput(own.id)
      input.stdin.write('go\n')
      await until(() => machine.output(own).endsWith('over'))
      input.close()
    })
  },
)

async function textOf(stream: Readable | undefined): Promise<string> {
  let text = ''
  for await (const piece of (stream ?? []) as AsyncIterable<Buffer>) text += piece.toString()
  return text
}

function isNotFound(thrown: unknown): boolean {
  return thrown instanceof Failure && thrown.reason === 'NotFound'
}
