import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { hostname, networkInterfaces } from 'node:os'
import { createServer } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { unlessThereIs } from '../needs.ts'
import { freeHostPort } from './free-host-port.ts'
import { type PeapodRun, runPeapod } from './run-peapod.ts'
import { pod, shell, sidecar, UNTIL_STOPPED } from './sample-pods.ts'
import { openStateDirectory } from './state-directory.ts'

/** Shell words that serve one page until the container is asked to stop. */
const SERVE = (page: string, at: string) =>
  `trap 'exit 0' TERM; mkdir /www; echo ${page} > /www/index.html; httpd -f -p ${at} -h /www & wait`

/** Asks until somebody answers. */
const ASK = (url: string) => `until wget -q -O - ${url} 2>/dev/null; do sleep 0.1; done`

const UDP_ECHO = `
  const socket = require('node:dgram').createSocket('udp4')
  socket.on('message', (message, from) => socket.send(message, from.port, from.address)).bind(7)
  process.on('SIGTERM', () => process.exit(0))`

function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1'
}

describe(
  'what the containers of a pod share',
  { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'nft', 'busybox') },
  () => {
    let state: Awaited<ReturnType<typeof openStateDirectory>>
    before(async () => {
      state = await openStateDirectory()
    })
    after(() => state[Symbol.asyncDispose]())
    const run = (...pods: object[]) => runPeapod({ stateDirectory: state.path, pods })

    it('localhost: one listens, the other connects (N1)', async () => {
      await using talking = run(
        pod('talking', {
          initContainers: [sidecar('web', SERVE('over-localhost', '80'))],
          containers: [shell('app', ASK('http://localhost/'))],
        }),
      )
      assert.equal(await talking.end(), 0)
      assert.deepEqual(talking.logOf('app'), ['over-localhost'])
    })

    it('hostname, hosts, resolver, shared memory (N1, N2)', async () => {
      const files = 'hostname; cat /etc/hosts; cat /etc/resolv.conf'
      await using sharing = run(
        pod('sharing', {
          hostname: 'named',
          hostAliases: [{ ip: '192.0.2.7', hostnames: ['alias.example'] }],
          dnsPolicy: 'None',
          dnsConfig: {
            nameservers: ['192.0.2.53'],
            searches: ['svc.example'],
            options: [{ name: 'ndots', value: '3' }],
          },
          initContainers: [shell('writer', 'echo in memory > /dev/shm/note')],
          containers: [
            shell('one', `${files}; cat /dev/shm/note; echo 127.0.0.9 added >> /etc/hosts`),
            shell(
              'other',
              'hostname; until grep 127.0.0.9 /etc/hosts; do sleep 0.05; done; readlink /proc/self/ns/ipc',
            ),
            shell('third', 'readlink /proc/self/ns/ipc'),
          ],
        }),
      )
      assert.equal(await sharing.end(), 0)
      const one = sharing.logOf('one')
      assert.equal(one[0], 'named')
      assert.ok(
        one.some((line) => /^\d+\.\d+\.\d+\.\d+\s+named$/.test(line)),
        one.join('\n'),
      )
      assert.ok(one.some((line) => /^192\.0\.2\.7\s+alias\.example$/.test(line)))
      assert.ok(one.some((line) => /^127\.0\.0\.1\s+localhost/.test(line)))
      for (const line of ['nameserver 192.0.2.53', 'search svc.example', 'options ndots:3'])
        assert.ok(one.includes(line), line)
      assert.equal(one.at(-1), 'in memory')
      const [name, added, ipc] = sharing.logOf('other')
      assert.deepEqual([name, added], ['named', '127.0.0.9 added'])
      assert.equal(sharing.logOf('third')[0], ipc)
    })

    it('two pods have addresses of their own, listen on the same port and reach each other (N1)', async () => {
      const peer = (name: string, other: string) =>
        pod(name, {
          initContainers: [sidecar('server', SERVE(name, '80'))],
          containers: [
            shell(
              'client',
              `echo $IP > /meet/${name}; until [ -s /meet/${other} ]; do sleep 0.05; done; ${ASK(`http://$(cat /meet/${other})/`)}; ` +
                `touch /meet/${name}.done; until [ -e /meet/${other}.done ]; do sleep 0.05; done`,
              {
                env: [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
                volumeMounts: [{ name: 'meet', mountPath: '/meet' }],
              },
            ),
          ],
          volumes: [{ name: 'meet', hostPath: { path: `${state.path}/meet`, type: 'DirectoryOrCreate' } }],
        })
      await using both = run(peer('left', 'right'), peer('right', 'left'))
      assert.equal(await both.end(), 0)
      assert.deepEqual(both.logOf('client', 'left'), ['right'])
      assert.deepEqual(both.logOf('client', 'right'), ['left'])
    })

    it('a hostPort leads to the pod from 127.0.0.1 and from the address of the machine, TCP and UDP', async () => {
      const [tcpPort, udpPort] = [await freeHostPort(), await freeHostPort()]
      await using published = run(
        pod('published', {
          containers: [
            shell('web', SERVE('published', '80'), { ports: [{ containerPort: 80, hostPort: tcpPort }] }),
            {
              name: 'echo',
              image: 'peapod.local/node',
              command: ['node', '-e', UDP_ECHO],
              ports: [{ containerPort: 7, hostPort: udpPort, protocol: 'UDP' }],
            },
          ],
        }),
      )
      await published.until('both run', () => published.newsOf('echo', 'started').length)
      for (const host of ['127.0.0.1', ownAddress()]) {
        const page = await published.until(`an answer from ${host}`, () => ask(`http://${host}:${tcpPort}/`))
        assert.equal(page, 'published\n')
      }
      assert.equal(await askByUdp(published, '127.0.0.1', udpPort), 'hello')
      published.signal('SIGINT')
      await published.end()
      assert.equal(await ask(`http://127.0.0.1:${tcpPort}/`), undefined)
    })

    it('a host port that is taken is named, with who has it', async () => {
      const server = createServer().listen(0, '0.0.0.0')
      await once(server, 'listening')
      const { port } = server.address() as { port: number }
      try {
        await using refused = run(
          pod('refused', {
            containers: [shell('app', UNTIL_STOPPED, { ports: [{ containerPort: 80, hostPort: port }] })],
          }),
        )
        const told = await refused.until('it says so', () =>
          refused.events.find((event) => event.reason === 'FailedCreatePodSandBox'),
        )
        assert.match(told.message ?? '', new RegExp(`host port ${port}/TCP: it is taken by another program`))
      } finally {
        server.close()
      }
    })

    it('a pod on the network of the host is there itself', async () => {
      const port = await freeHostPort()
      await using hosted = run(
        pod('hosted', {
          hostNetwork: true,
          containers: [shell('web', `hostname; ${SERVE('hosted', `127.0.0.1:${port}`)}`)],
        }),
      )
      const page = await hosted.until('an answer', () => ask(`http://127.0.0.1:${port}/`))
      assert.equal(page, 'hosted\n')
      // Its answer may overtake its log.
      await hosted.until('its log', () => hosted.logOf('web').length > 0)
      assert.deepEqual(hosted.logOf('web'), [hostname()])
    })

    it('a pod does not reach what listens on the localhost of the machine', async () => {
      const server = createServer((socket) => socket.end('private')).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as { port: number }
      try {
        await using curious = run(
          pod('curious', {
            containers: [
              shell('app', `nc -w 1 127.0.0.1 ${port}; nc -w 1 $HOST ${port}; echo nothing`, {
                env: [{ name: 'HOST', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } }],
              }),
            ],
          }),
        )
        assert.equal(await curious.end(), 0)
        assert.ok(!curious.logOf('app').join().includes('private'))
        assert.ok(curious.logOf('app').includes('nothing'))
      } finally {
        server.close()
      }
    })
  },
)

/** @returns the page, or undefined while nobody answers. */
async function ask(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) })
    return await answer.text()
  } catch {
    return undefined
  }
}

async function askByUdp(run: PeapodRun, host: string, port: number): Promise<string> {
  const socket = createSocket('udp4')
  try {
    let answer = ''
    socket.on('message', (message) => (answer = message.toString()))
    return await run.until<string>('an answer by UDP', async () => {
      // It may not listen yet: what is sent then is lost.
      socket.send('hello', port, host)
      await delay(100)
      return answer === '' ? undefined : answer
    })
  } finally {
    socket.close()
  }
}
