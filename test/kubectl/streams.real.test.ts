import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { Attach, Exec, KubeConfig, PortForward, type V1Status } from '@kubernetes/client-node'
import { unlessThereIs } from '../needs.ts'
import { ServedPeapod } from '../real/serve-peapod.ts'
import { openStateDirectory } from '../real/state-directory.ts'
import { findKubectls, Kubectl } from './kubectl.ts'
import {
  type Bridge,
  digest,
  exchange,
  forwardedPorts,
  openBridge,
  residentBytes,
  RunningKubectl,
  someBytes,
  writeAll,
} from './stream-clients.ts'

/** 7001 gives back what it reads, 7002 says how much that was, once it has ended, 7003 sends much; all on localhost. */
const SERVER = `
const net = require('net'), crypto = require('crypto')
const listen = (port, take) => net.createServer({ allowHalfOpen: true }, (s) => { s.on('error', () => {}); take(s) }).listen(port, '127.0.0.1')
listen(7001, (s) => s.pipe(s))
listen(7002, (s) => {
  const hash = crypto.createHash('sha256')
  s.on('data', (d) => hash.update(d)).on('end', () => s.end(hash.digest('hex')))
})
listen(7003, (s) => {
  s.resume()
  let left = 1600
  const go = () => { while (left-- > 0) if (!s.write(Buffer.alloc(65536, 'x'))) return s.once('drain', go); s.end() }
  go()
}).once('listening', () => console.log('all listen'))
`
const container = (name: string, command: readonly string[], more: object = {}): object => ({
  name,
  image: 'peapod.local/busybox',
  command,
  ...more,
})
const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web' },
  spec: {
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    containers: [
      container('app', ['sh', '-c', 'while :; do sleep 1; done']),
      container('echo', ['sh', '-c', 'while read line; do echo "<$line>"; done'], { stdin: true }),
      container('shell', ['sh'], { stdin: true, tty: true }),
      { ...container('server', ['node', '-e', SERVER]), image: 'peapod.local/node' },
    ],
  },
}
const MEGABYTES = 100
/** Far less than what is carried: what is under way, and garbage that is not collected yet. */
const GROWTH_LIMIT_BYTES = 90 * 1_048_576

const suite = { skip: unlessThereIs('root', 'overlay', 'oci-runtime', 'conmon', 'nft', 'busybox', 'kubectl') }

/**
 * Like Kubernetes' server, this one begins with an empty message. Now and then kubectl is not ready for it yet, and says so:
 * client-go makes its streams while it reads already.
 */
const EARLY = /^E.* websocket\.go:\d+\] Unknown stream id 1, discarding message\n/
/** kubectl tells the size of its terminal when the program runs already. */
const SIZED = 'until stty size 2> /dev/null | grep -qv ^0; do sleep 0.05; done'

describe('streams of pods, by the clients of Kubernetes', { ...suite, timeout: 280_000 }, () => {
  const programs = suite.skip === false ? findKubectls() : []
  const [oldest, newest] = [programs[0], programs.at(-1)]
  let directory: Awaited<ReturnType<typeof openStateDirectory>>
  let served: ServedPeapod
  let bridge: Bridge
  before(async () => {
    directory = await openStateDirectory()
    served = new ServedPeapod({ stateDirectory: directory.path })
    served.start()
    await served.ready()
    bridge = await openBridge(served.socketPath)
    await runs(POD)
  })
  after(async () => {
    await bridge[Symbol.asyncDispose]()
    await served.close()
    await directory[Symbol.asyncDispose]()
  })

  async function runs(pod: { readonly metadata: { readonly name: string } }): Promise<void> {
    await served.create(pod)
    const { name } = pod.metadata
    await served.until('the pod is ready', async () => {
      const conditions = (await served.pod(name))?.status?.conditions ?? []
      return conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
    })
    await served.until(
      'its server listens',
      async () => (await served.log(name, 'container=server')) === 'all listen\n',
    )
  }

  for (const program of programs) {
    const { version } = program
    const minor = Number(version.split('.')[1])

    it(`kubectl ${version} runs programs: both outputs, input, exit codes`, async () => {
      using kubectl = new Kubectl(program, bridge.url)
      bridge.upgrades.length = 0
      const exec = (args: readonly string[], input?: string) =>
        kubectl.run(['exec', 'web', '-c', 'app', ...args], input)
      const { code, stdout, stderr } = await exec(['--', 'sh', '-c', 'echo out; echo err >&2; exit 7'])
      const said = stderr.replace(EARLY, '')
      assert.deepEqual([code, stdout, said], [7, 'out\n', 'err\ncommand terminated with exit code 7\n'])
      const echoed = await exec(['-i', '--', 'cat'], 'hello\n')
      assert.deepEqual([echoed.code, echoed.stdout, echoed.stderr.replace(EARLY, '')], [0, 'hello\n', ''])
      // WebSocket is what it begins with since 1.30, and for ports since 1.31.
      assert.deepEqual(new Set(bridge.upgrades), new Set([minor < 30 ? 'SPDY/3.1' : 'websocket']))
    })

    it(`kubectl ${version} says why a program can't be run`, async () => {
      using kubectl = new Kubectl(program, bridge.url)
      const missing = await kubectl.run(['exec', 'web', '-c', 'app', '--', 'nope'])
      assert.equal(missing.code, 1)
      assert.match(
        missing.stderr,
        /error: Internal error occurred: error executing command in container: .*exec: "nope": executable file not found in \$PATH/,
      )
      const none = await kubectl.run(['exec', 'web', '-c', 'none', '--', 'true'])
      assert.deepEqual([none.code, none.stderr], [1, NO_CONTAINER])
    })

    it(`kubectl ${version} gives programs a terminal of the size of its own`, async () => {
      const inner = `${program.path} --kubeconfig=/dev/null --server ${bridge.url} exec -it web -c app -- sh -c "${SIZED}; stty size; tty; exit 5"`
      const child = spawn('script', ['-qec', `stty rows 50 cols 132; ${inner}`, '/dev/null'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      const closed = once(child, 'close')
      const { text } = await digest(child.stdout)
      assert.deepEqual((await closed)[0], 5)
      assert.match(text, /50 132\r\n\/dev\/pts\/\d+\r\n/)
    })

    it(`kubectl ${version} attaches to a container`, async () => {
      await using kubectl = new RunningKubectl(program, bridge.url, ['attach', '-i', 'web', '-c', 'echo'])
      const said: string[] = []
      kubectl.child.stdout.setEncoding('utf8').on('data', (text: string) => said.push(text))
      // It writes when it is attached, and not before.
      kubectl.child.stdin.write(`from ${version}\n`)
      await served.until('the container answers', () => Promise.resolve(said.join('').includes(`<from ${version}>\n`)))
    })

    it(`kubectl ${version} forwards ports of the pod's localhost`, async () => {
      const ports = [':7001', ':7002', ':9']
      bridge.upgrades.length = 0
      await using kubectl = new RunningKubectl(program, bridge.url, ['port-forward', 'web', ...ports])
      const [echo = 0, hash = 0, closed = 0] = await forwardedPorts(kubectl, 3)
      const [sent, hashed] = await Promise.all([exchange(echo, someBytes(4)), exchange(hash, someBytes(4))])
      assert.deepEqual([sent.bytes, sent.sha256], [4 * 1_048_576, hashed.text])
      const many = Array.from({ length: 20 }, (_, index) => exchange(echo, [Buffer.from(`connection ${index}`)]))
      assert.deepEqual(
        (await Promise.all(many)).map(({ text }) => text),
        Array.from({ length: 20 }, (_, index) => `connection ${index}`),
      )
      assert.deepEqual(new Set(bridge.upgrades), new Set([minor < 31 ? 'SPDY/3.1' : 'websocket']))
      await exchange(closed, []).catch(() => undefined)
      await served.until('kubectl says why', () =>
        Promise.resolve(
          /error forwarding port 9 to pod .*: failed to execute portforward in network namespace .*connection refused/.test(
            kubectl.complaints,
          ),
        ),
      )
    })
  }

  for (const program of new Set([oldest, newest])) {
    if (program === undefined) continue
    it(`${MEGABYTES} MB go through exec of kubectl ${program.version}, whole, in memory that stays flat`, async (t) => {
      const before = residentBytes(served.pid)
      const beginMs = performance.now()
      await using kubectl = new RunningKubectl(program, bridge.url, ['exec', '-i', 'web', '-c', 'app', '--', 'cat'])
      const [received] = await Promise.all([
        digest(kubectl.child.stdout),
        writeAll(kubectl.child.stdin, someBytes(MEGABYTES)),
      ])
      const seconds = (performance.now() - beginMs) / 1000
      assert.deepEqual([received.bytes, received.sha256], [MEGABYTES * 1_048_576, await hashOfBytes()])
      assertFlat(before)
      t.diagnostic(`${Math.round(MEGABYTES / seconds)} MB/s each way`)
    })

    it(`${MEGABYTES} MB go through port-forward of kubectl ${program.version}, whole, in memory that stays flat`, async (t) => {
      const before = residentBytes(served.pid)
      await using kubectl = new RunningKubectl(program, bridge.url, ['port-forward', 'web', ':7002', ':7003'])
      const [hash = 0, source = 0] = await forwardedPorts(kubectl, 2)
      const [upMs, answer] = await timed(() => exchange(hash, someBytes(MEGABYTES)))
      assert.equal(answer.text, await hashOfBytes())
      const [downMs, received] = await timed(() => exchange(source, []))
      assert.equal(received.bytes, 1600 * 65_536)
      assertFlat(before)
      t.diagnostic(
        `up ${Math.round((MEGABYTES / upMs) * 1000)} MB/s, down ${Math.round((MEGABYTES / downMs) * 1000)} MB/s`,
      )
    })

    it(`kubectl ${program.version} ends when its pod goes`, async () => {
      const going = { ...POD, metadata: { name: `going-${program.version.replace('.', '-')}` } }
      const { name } = going.metadata
      await runs(going)
      await using exec = new RunningKubectl(program, bridge.url, ['exec', '-i', name, '-c', 'app', '--', 'cat'])
      await using attach = new RunningKubectl(program, bridge.url, ['attach', '-i', name, '-c', 'echo'])
      await using forward = new RunningKubectl(program, bridge.url, ['port-forward', name, ':7001'])
      const [port = 0] = await forwardedPorts(forward, 1)
      exec.child.stdin.write('hello\n')
      attach.child.stdin.write('hello\n')
      await Promise.all([once(exec.child.stdout, 'data'), once(attach.child.stdout, 'data')])
      const open = exchange(port, endless()).catch(() => undefined)
      await served.delete(name, 0)
      assert.notEqual(await exec.ended(), 0)
      await attach.ended()
      await open
    })
  }

  describe('the JavaScript client', () => {
    const config = new KubeConfig()
    before(() => {
      config.loadFromClusterAndUser({ name: 'here', server: bridge.url, skipTLSVerify: true }, { name: 'me' })
    })

    it('runs programs', async () => {
      const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
      const command = ['sh', '-c', 'cat; echo err >&2; exit 3']
      const status = await new Promise<V1Status>((resolve, reject) => {
        new Exec(config).exec('default', 'web', 'app', command, stdout, stderr, stdin, false, resolve).catch(reject)
        stdin.end('hello')
      })
      assert.deepEqual([(await digest(stdout)).text, (await digest(stderr)).text], ['hello', 'err\n'])
      assert.deepEqual(status.details?.causes, [{ reason: 'ExitCode', message: '3' }])
    })

    it('attaches', async () => {
      const [stdin, stdout] = [new PassThrough(), new PassThrough()]
      const socket = await new Attach(config).attach('default', 'web', 'echo', stdout, null, stdin, false)
      stdin.write('from JavaScript\n')
      assert.match(String((await once(stdout, 'data'))[0]), /<from JavaScript>/)
      socket.close()
    })

    it('forwards ports', async () => {
      const [input, output, errors] = [new PassThrough(), new PassThrough(), new PassThrough()]
      await new PortForward(config).portForward('default', 'web', [7001], output, errors, input)
      input.write('hello')
      assert.equal(String((await once(output, 'data'))[0]), 'hello')
      input.end()
    })
  })

  function assertFlat(before: number): void {
    const growth = residentBytes(served.pid) - before
    assert.ok(growth < GROWTH_LIMIT_BYTES, `the server grew by ${growth} bytes`)
  }
})

const NO_CONTAINER = 'Error from server (BadRequest): container none is not valid for pod web\n'

async function hashOfBytes(): Promise<string> {
  const stream = new PassThrough()
  const [{ sha256 }] = await Promise.all([digest(stream), writeAll(stream, someBytes(MEGABYTES))])
  return sha256
}

async function timed<T>(act: () => Promise<T>): Promise<readonly [ms: number, result: T]> {
  const beginMs = performance.now()
  const result = await act()
  return [performance.now() - beginMs, result]
}

function* endless(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(1024)
}
