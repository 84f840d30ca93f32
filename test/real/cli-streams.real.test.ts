import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { realCluster, ServedCluster } from '../kubectl/served-cluster.ts'
import { CliRun, LAUNCHER, runCommandLine } from './run-cli.ts'

/** 7001 gives back what it reads, 7002 says how much that was, once it has ended; both on localhost alone. */
const SERVER = `
const net = require('net')
const listen = (port, take) => net.createServer({ allowHalfOpen: true }, (s) => { s.on('error', () => {}); take(s) }).listen(port, '127.0.0.1')
listen(7001, (s) => s.pipe(s))
listen(7002, (s) => { let n = 0; s.on('data', (d) => (n += d.length)).on('end', () => s.end(String(n))) })
  .once('listening', () => console.log('all listen'))
`
/** A round ends when it is told to: twice with a crash, then well. */
const ROUNDS =
  'n=$(cat /data/n 2>/dev/null || echo 0); echo $((n+1)) > /data/n; echo "round $n"; until [ -e /data/end$n ]; do sleep 0.1; done; [ $n -ge 2 ]'

const busybox = (name: string, command: readonly string[], more: object = {}): object => ({
  name,
  image: 'peapod.local/busybox',
  command,
  ...more,
})
const pod = (name: string, spec: object): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: { terminationGracePeriodSeconds: 0, automountServiceAccountToken: false, ...spec },
})
const WEB = pod('web', {
  initContainers: [busybox('init', ['echo', 'from init'])],
  containers: [
    busybox('app', ['sh', '-c', 'echo hello; while :; do sleep 1; done']),
    busybox('echo', ['sh', '-c', 'while read line; do echo "<$line>"; done'], { stdin: true }),
    { ...busybox('server', ['node', '-e', SERVER]), image: 'peapod.local/node' },
  ],
})
const ROUNDED = pod('rounds', {
  restartPolicy: 'OnFailure',
  containers: [busybox('app', ['sh', '-c', ROUNDS], { volumeMounts: [{ name: 'data', mountPath: '/data' }] })],
  volumes: [{ name: 'data', emptyDir: {} }],
})
const MEGABYTES = 20

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

describe('streams of the command line', { ...realCluster, timeout: 280_000 }, () => {
  let cluster: ServedCluster
  let folder = ''
  before(async () => {
    cluster = await ServedCluster.open()
    folder = await mkdtemp(join(tmpdir(), 'peapod-cli-streams-'))
    await cluster.server.create(WEB)
    await cluster.server.until('the pod is ready', async () => {
      const conditions = (await cluster.server.pod('web'))?.status?.conditions ?? []
      return conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
    })
    await cluster.server.until('its server listens', async () =>
      (await cluster.server.log('web', 'container=server')).includes('all listen'),
    )
  })
  after(async () => {
    await rm(folder, { recursive: true, force: true })
    await cluster.close()
  })

  for (const [way, flags] of [
    ['over the Unix socket', () => ['--state-dir', cluster.server.stateDirectory]],
    ['over TLS', () => ['--kubeconfig', cluster.kubeconfig]],
  ] as const) {
    describe(way, () => {
      const cli = (args: readonly string[], input?: Buffer | string) => {
        const [command = '', ...rest] = args
        return runCommandLine([command, ...flags(), ...rest], input)
      }
      const exec = (args: readonly string[], input?: Buffer | string) =>
        cli(['exec', 'web', '-c', 'app', ...args], input)

      it('exec: outputs apart, the exit code, the end of the input', async () => {
        const both = await exec(['--', 'sh', '-c', 'echo out; echo err >&2; exit 7'])
        assert.deepEqual(
          [both.code, both.stdout.toString(), both.stderr],
          [7, 'out\n', 'err\ncommand terminated with exit code 7\n'],
        )
        const cat = await exec(['-i', '--', 'wc', '-c'], 'hello')
        assert.deepEqual([cat.code, cat.stdout.toString().trim(), cat.stderr], [0, '5', ''])
        const missing = await exec(['--', 'nope'])
        assert.equal(missing.code, 1)
        assert.match(missing.stderr, /exec: "nope": executable file not found in \$PATH/)
      })

      it(`exec: ${MEGABYTES} MB both ways, whole`, async () => {
        const bytes = randomBytes(MEGABYTES * 1_048_576)
        const { code, stdout } = await exec(['-i', '--', 'cat'], bytes)
        assert.deepEqual([code, stdout.length, sha256(stdout)], [0, bytes.length, sha256(bytes)])
      })

      it('exec: an input that stays open holds up no end', async () => {
        const args = ['exec', ...flags(), '-i', 'web', '-c', 'app', '--', 'echo', 'done']
        await using run = new CliRun(args)
        assert.equal((await run.end()).code, 0)
      })

      it('exec -it: a terminal of the size of this one, its exit code, and this one as it was', async () => {
        // The size comes when the program runs already.
        const sized = 'until stty size 2> /dev/null | grep -qv ^0; do sleep 0.05; done'
        const program = `sh -c "${sized}; stty size; tty; exit 5"`
        const inner = [LAUNCHER, 'exec', ...flags(), '-it', 'web', '-c', 'app', '--', program]
        // util-linux's: its shell has a terminal of its own.
        const line = `stty rows 50 cols 132; ${inner.join(' ')}; echo "code $?"; stty -a`
        const child = spawn('script', ['-qec', line, '/dev/null'], { stdio: ['ignore', 'pipe', 'ignore'] })
        const said = await text(child.stdout)
        assert.match(said, /50 132\r\n\/dev\/pts\/\d+\r\n/)
        assert.match(said, /code 5\r\n/)
        assert.match(said, / icanon/)
      })

      it('exec -it: Ctrl-C reaches the program', async () => {
        const trap = 'sh -c \'trap "echo caught; exit 9" INT; echo ready; while :; do sleep 1; done\''
        const line = [LAUNCHER, 'exec', ...flags(), '-it', 'web', '-c', 'app', '--', trap].join(' ')
        const child = spawn('script', ['-qec', line, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] })
        const ended = once(child, 'close')
        let said = ''
        child.stdout.setEncoding('utf8').on('data', (piece: string) => {
          if (!said.includes('ready') && `${said}${piece}`.includes('ready')) child.stdin.write('\x03')
          said += piece
        })
        assert.equal((await ended)[0], 9)
        assert.match(said, /caught/)
      })

      it('attach: input and output of the main process', async () => {
        await using run = new CliRun(['attach', ...flags(), '-i', 'web', '-c', 'echo'])
        run.child.stdin.write(`${way}\n`)
        await run.says(new RegExp(`<${way}>`))
      })

      it("port-forward: the pod's localhost, each half for itself, several at once", async () => {
        await using run = new CliRun(['port-forward', ...flags(), 'pod/web', ':7001', ':7002', ':9'])
        const port = async (remote: number): Promise<number> =>
          Number((await run.says(new RegExp(`127\\.0\\.0\\.1:(\\d+) -> ${remote}\n`)))[1])
        const [echo, count, closed] = [await port(7001), await port(7002), await port(9)]
        const bytes = randomBytes(2 * 1_048_576)
        assert.equal(sha256(await exchange(echo, bytes)), sha256(bytes))
        assert.equal((await exchange(count, bytes)).toString(), String(bytes.length))
        const many = Array.from({ length: 20 }, (_, index) => Buffer.from(`connection ${index}`))
        assert.deepEqual(await Promise.all(many.map((one) => exchange(echo, one))), many)
        await exchange(closed, Buffer.from('hello')).catch(() => undefined)
        await run.says(/an error occurred forwarding \d+ -> 9: error forwarding port 9 to pod .*connection refused/)
        await run.says(new RegExp(`Handling connection for ${echo}\n`))
        run.child.kill('SIGINT')
        assert.equal((await run.end()).code, 0)
      })

      it('cp: a directory there and back; links of the container are left out', async () => {
        const source = join(folder, `source-${way.length}`)
        await mkdir(join(source, 'deep', 'd'.repeat(120)), { recursive: true })
        const bytes = randomBytes(3_000_001)
        await writeFile(join(source, 'blob'), bytes)
        await writeFile(join(source, 'deep', 'd'.repeat(120), 'file'), 'deep')
        await writeFile(join(source, 'run'), '#!/bin/sh\n', { mode: 0o755 })
        await symlink('/etc/passwd', join(source, 'link'))
        const there = `/tmp/${way.length}`
        assert.deepEqual(await cli(['cp', source, `web:${there}`, '-c', 'app']), NOTHING_SAID)
        const shown = await exec(['--', 'readlink', `${there}/link`])
        assert.equal(shown.stdout.toString(), '/etc/passwd\n')
        const back = join(folder, `back-${way.length}`)
        const { code, stderr } = await cli(['cp', `web:${there}`, back, '-c', 'app'])
        assert.equal(code, 0)
        assert.match(stderr, /^not copied: "\d+\/link": a symbolic link to "\/etc\/passwd"\n$/)
        assert.deepEqual((await readdir(back)).toSorted(), ['blob', 'deep', 'run'])
        assert.equal(sha256(await readFile(join(back, 'blob'))), sha256(bytes))
        assert.equal(await readFile(join(back, 'deep', 'd'.repeat(120), 'file'), 'utf8'), 'deep')
        assert.equal((await stat(join(back, 'run'))).mode & 0o100, 0o100)
        assert.deepEqual(await cli(['cp', join(back, 'run'), 'web:/tmp', '-c', 'app']), NOTHING_SAID)
        assert.equal((await exec(['--', '/tmp/run'])).code, 0)
        const missing = await cli(['cp', 'web:/none', back, '-c', 'app'])
        assert.equal(missing.code, 1)
        assert.match(missing.stderr, /none: No such file or directory/)
      })

      it('logs: one, all, the ones of a selector; top', async () => {
        assert.equal((await cli(['logs', 'web', '-c', 'app'])).stdout.toString(), 'hello\n')
        const all = (await cli(['logs', '-l', 'app=web', '--all-containers', '--events'])).stdout.toString()
        for (const line of ['init   | from init', 'app    | hello', 'server | all listen'])
          assert.ok(all.includes(`${line}\n`), all)
        assert.match(all, /app · Started: Started container app/)
        assert.ok(all.indexOf('from init') < all.indexOf('hello'), all)
        const top = await cli(['top', 'pods', '--containers', '--no-headers'])
        assert.match(top.stdout.toString(), /^web +app +\d+m +\d+Mi\nweb +echo +\d+m +\d+Mi\nweb +server +/)
        assert.match((await cli(['top', 'nodes'])).stdout.toString(), /^NAME.*\n\S+ +\d+m +\d+% +\d+Mi +\d+%\n$/)
      })
    })
  }

  it('logs --follow goes on over restarts and ends with the last one', async () => {
    await cluster.server.create(ROUNDED)
    const at = ['--kubeconfig', cluster.kubeconfig]
    await cluster.server.until('it runs', async () => (await cluster.server.container('rounds', 'app'))?.state?.running)
    await using logs = new CliRun(['logs', ...at, '-f', 'rounds'])
    for (const round of [0, 1, 2]) {
      await logs.says(new RegExp(`round ${round}\n`))
      assert.equal((await runCommandLine(['exec', ...at, 'rounds', '--', 'touch', `/data/end${round}`])).code, 0)
    }
    const { code, stdout, stderr } = await logs.end()
    assert.deepEqual([code, stdout.toString()], [0, 'round 0\nround 1\nround 2\n'])
    assert.equal(stderr, 'app · started again (restart 1)\napp · started again (restart 2)\n')
    const previous = await runCommandLine(['logs', ...at, '-p', 'rounds'])
    assert.equal(previous.stdout.toString(), 'round 1\n')
  })

  it('ends when its pod goes', async () => {
    await cluster.server.create(
      pod('going', { containers: [busybox('app', ['sh', '-c', 'echo up; exec sleep 1000'])] }),
    )
    await cluster.server.until('it runs', async () => (await cluster.server.container('going', 'app'))?.state?.running)
    const at = ['--kubeconfig', cluster.kubeconfig]
    await using forward = new CliRun(['port-forward', ...at, 'going', ':80'])
    await forward.says(/Forwarding from/)
    await using exec = new CliRun(['exec', ...at, '-i', 'going', '--', 'cat'])
    exec.child.stdin.write('hello\n')
    await exec.says(/hello/)
    await using logs = new CliRun(['logs', ...at, '-f', 'going'])
    await logs.says(/up/)
    await cluster.server.delete('going', 0)
    assert.notEqual((await exec.end()).code, 0)
    const end = await forward.end()
    assert.equal(end.code, 1)
    assert.match(end.stderr, /lost connection to pod "going": it was deleted/)
    const { code, stderr } = await logs.end()
    assert.deepEqual([code, stderr], [0, ''])
  })

  it('a port that is taken is told of', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const args = ['port-forward', '--kubeconfig', cluster.kubeconfig, 'web', `${port}:7001`]
    const { code, stderr } = await runCommandLine(args)
    taken.close()
    assert.equal(code, 1)
    assert.match(stderr, /listen on 127\.0\.0\.1:\d+: .*EADDRINUSE.*name another local port/)
  })
})

const NOTHING_SAID = { code: 0, stdout: Buffer.alloc(0), stderr: '' }

/** Connects; sends bytes, then ends its half. @returns what came back until the other half ended. */
async function exchange(port: number, bytes: Buffer): Promise<Buffer> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  socket.end(bytes)
  const received: Buffer[] = []
  for await (const chunk of socket as AsyncIterable<Buffer>) received.push(chunk)
  return Buffer.concat(received)
}
