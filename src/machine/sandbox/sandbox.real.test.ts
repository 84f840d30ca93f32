import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { unlessThereIs } from '../../../test/needs.ts'
import { cgroupDirectories, cgroupLayout } from '../linux/cgroup-layout.ts'
import { listLinks } from '../linux/links.ts'
import { unmount } from '../linux/mount.ts'
import { mountsBelow } from '../linux/mounts-below.ts'
import { withinNetworkNamespace } from '../linux/namespaces.ts'
import { NETLINK_ROUTE, withNetlink } from '../linux/netlink-socket.ts'
import { listClaims } from './claims.ts'
import { createSandbox } from './create-sandbox.ts'
import { findLeftovers, removeLeftover } from './leftovers.ts'
import { loadSandbox } from './load-sandbox.ts'
import { removeNetworkIfUnused } from './network.ts'
import { removeSandbox } from './remove-sandbox.ts'
import { ADDRESSES_DIRECTORY, PORTS_DIRECTORY, SANDBOXES_DIRECTORY } from './run-directory.ts'
import type { PublishedPort, Sandbox, SandboxPlan } from './sandbox.ts'
import { linkName } from './sandbox-names.ts'

const layout = cgroupLayout()
const signal = AbortSignal.timeout(120_000)

async function until(what: string, isTrue: () => boolean): Promise<void> {
  const endsAtMs = performance.now() + 10_000
  while (!isTrue()) {
    await delay(5)
    assert.ok(performance.now() < endsAtMs, `waited 10 s for: ${what}`)
  }
}

/** Everything on the machine that belongs to the pods below a directory. */
function tracesOf(root: string, plans: readonly SandboxPlan[]): string[] {
  const names = new Set(plans.map((plan) => linkName(plan.id)))
  const nft = spawnSync('nft', ['list', 'table', 'ip', 'peapod'], { encoding: 'utf8' }).stdout
  const claims = [ADDRESSES_DIRECTORY, PORTS_DIRECTORY, SANDBOXES_DIRECTORY].flatMap((folder) => listClaims(folder))
  return [
    ...mountsBelow(root),
    ...readdirSync(root),
    ...claims.filter((claim) => claim.owner.startsWith(`${root}/`)).map((claim) => claim.name),
    ...withNetlink(NETLINK_ROUTE, listLinks)
      .map((link) => link.name)
      .filter((name) => names.has(name)),
    ...plans.flatMap((plan) => cgroupDirectories(layout, plan.cgroupPath).filter((directory) => existsSync(directory))),
    ...plans
      .flatMap((plan) => plan.publishedPorts)
      .flatMap((port) => (nft.includes(`. ${port.hostPort} :`) ? [`nft ${port.hostPort}`] : [])),
  ]
}

/** Runs a JavaScript program of its own process in a pod's network; it prints a line when it is ready. */
async function runInPod(sandbox: Sandbox, program: string) {
  const child = withinNetworkNamespace(sandbox.namespaces.network, () => ({
    process: spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] }),
  })).process
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const stop = async () => {
    const exited = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
    child.kill('SIGKILL')
    await exited
  }
  return { line: line.toString().trim(), [Symbol.asyncDispose]: stop }
}

/** Answers every TCP connection and every datagram with a name and who asked. */
const echo = (name: string, port: number, address = '0.0.0.0') => `
  const udp = require('dgram').createSocket('udp4')
  udp.on('message', (_, from) => udp.send('${name} ' + from.address, from.port, from.address))
  const tcp = require('net').createServer((socket) => socket.end('${name} ' + socket.remoteAddress))
  udp.bind(${port}, '${address}', () => tcp.listen(${port}, '${address}', () => console.log('ready')))`

const ask = (address: string, port: number) => `
  const socket = require('net').connect(${port}, '${address}', () => {})
  socket.on('data', (data) => console.log(String(data)))
  socket.on('error', (error) => console.log(error.code))
  setTimeout(() => { console.log('no answer'); process.exit() }, 2000).unref()`

async function askTcp(address: string, port: number): Promise<string> {
  const socket = connect(port, address)
  try {
    const [data] = (await once(socket, 'data', { signal: AbortSignal.timeout(5_000) })) as [Buffer]
    return data.toString()
  } finally {
    socket.destroy()
  }
}

async function askUdp(address: string, port: number): Promise<string> {
  const socket = createSocket('udp4')
  try {
    socket.send('?', port, address)
    const [data] = (await once(socket, 'message', { signal: AbortSignal.timeout(5_000) })) as [Buffer]
    return data.toString()
  } finally {
    socket.close()
  }
}

const port = (hostPort: number, hostIP?: string): PublishedPort => ({ protocol: 'TCP', hostIP, hostPort, podPort: 80 })

/** A port that no program has now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

describe('sandboxes', { skip: unlessThereIs('root', 'nft') }, () => {
  let root: string
  const plans: SandboxPlan[] = []
  const planSandbox = (change: Partial<SandboxPlan> = {}): SandboxPlan => {
    const id = randomUUID()
    const plan: SandboxPlan = {
      id,
      directory: join(root, id),
      hostname: 'web',
      network: 'pod',
      publishedPorts: [],
      hostAliases: [],
      dns: { is: 'host' },
      cgroupPath: `/peapod/pod${id}`,
      cgroup: { memoryLimitBytes: 67_108_864 },
      ...change,
    }
    plans.push(plan)
    return plan
  }
  const create = async (change: Partial<SandboxPlan> = {}) => {
    const plan = planSandbox(change)
    const sandbox = await createSandbox(plan, signal)
    return { plan, sandbox, ip: sandbox.podIPs[0] ?? '', [Symbol.asyncDispose]: () => removeSandbox(plan) }
  }
  const untilNothingIsLeft = async () => {
    // The kernel ends network namespaces, and the links in them, a few milliseconds after their last user.
    await until('links to vanish', () => !tracesOf(root, plans).some((trace) => trace.startsWith('peapod')))
    assert.deepEqual(tracesOf(root, plans), [])
  }

  before(() => {
    root = mkdtempSync(join(tmpdir(), 'peapod-sandbox-'))
  })
  after(async () => {
    for (const plan of plans) await removeSandbox(plan)
    await untilNothingIsLeft()
    rmSync(root, { recursive: true })
    await removeNetworkIfUnused(signal)
  })

  it('shares localhost inside, and reaches other pods and the machine, and the machine reaches it', async () => {
    await using one = await create()
    await using two = await create()
    assert.notEqual(one.ip, two.ip)
    await using server = await runInPod(one.sandbox, echo('one', 80))
    assert.equal(server.line, 'ready')
    await using local = await runInPod(one.sandbox, echo('local', 81, '127.0.0.1'))
    assert.equal(local.line, 'ready')
    await using inside = await runInPod(one.sandbox, ask('127.0.0.1', 81))
    assert.equal(inside.line, 'local 127.0.0.1')
    await using fromOther = await runInPod(two.sandbox, ask(one.ip, 80))
    assert.equal(fromOther.line, `one ${two.ip}`)
    assert.match(await askTcp(one.ip, 80), /^one 10\./)
    await using hostServer = createServer((socket) => socket.end('host')).listen(0, one.sandbox.hostIPs[0])
    await once(hostServer, 'listening')
    const { port } = hostServer.address() as AddressInfo
    await using toHost = await runInPod(two.sandbox, ask(one.sandbox.hostIPs[0] ?? '', port))
    assert.equal(toHost.line, 'host')
  })

  it("keeps what listens on the machine's own 127.0.0.1 from pods", async () => {
    await using hostServer = createServer((socket) => socket.end('secret')).listen(0, '127.0.0.1')
    await once(hostServer, 'listening')
    const { port } = hostServer.address() as AddressInfo
    await using pod = await create()
    // A route through the bridge is what a hostile pod with NET_ADMIN would make.
    const gateway = pod.ip.replace(/\.\d+\.\d+$/, '.0.1')
    withinNetworkNamespace(pod.sandbox.namespaces.network, () => {
      spawnSync('sysctl', ['-qw', 'net.ipv4.conf.eth0.route_localnet=1'])
      spawnSync('ip', ['addr', 'del', '127.0.0.1/8', 'dev', 'lo'])
      spawnSync('ip', ['route', 'del', 'table', 'local', '127.0.0.0/8'])
      spawnSync('ip', ['route', 'add', '127.0.0.0/8', 'via', gateway])
    })
    await using attempt = await runInPod(pod.sandbox, ask('127.0.0.1', port))
    assert.equal(attempt.line, 'no answer')
  })

  it('publishes ports over TCP and UDP, on 127.0.0.1, on the machine, to other pods and to itself', async () => {
    const hostPort = await freePort()
    const publishedPorts = (['TCP', 'UDP'] as const).map((protocol): PublishedPort => ({
      protocol,
      hostIP: undefined,
      hostPort,
      podPort: 80,
    }))
    await using pod = await create({ publishedPorts })
    await using other = await create()
    await using server = await runInPod(pod.sandbox, echo('published', 80))
    assert.equal(server.line, 'ready')
    for (const address of ['127.0.0.1', pod.sandbox.hostIPs[0] ?? '']) {
      assert.match(await askTcp(address, hostPort), /^published/, address)
      assert.match(await askUdp(address, hostPort), /^published/, address)
    }
    for (const client of [other, pod]) {
      await using answer = await runInPod(client.sandbox, ask(pod.sandbox.hostIPs[0] ?? '', hostPort))
      assert.match(answer.line, /^published/)
    }
    await removeSandbox(pod.plan)
    await assert.rejects(askTcp('127.0.0.1', hostPort), { code: 'ECONNREFUSED' })
  })

  it('publishes on one address only when asked to', async () => {
    const hostPort = await freePort()
    await using pod = await create({
      publishedPorts: [port(hostPort, '127.0.0.1')],
    })
    await using server = await runInPod(pod.sandbox, echo('here', 80))
    assert.equal(server.line, 'ready')
    assert.match(await askTcp('127.0.0.1', hostPort), /^here/)
    await assert.rejects(askTcp(pod.sandbox.hostIPs[0] ?? '', hostPort), { code: 'ECONNREFUSED' })
  })

  it('says who has a port already, and leaves nothing of the pod that came second', async () => {
    const hostPort = await freePort()
    const publishedPorts = [port(hostPort)]
    await using first = await create({ publishedPorts, podName: 'default/first' })
    const second = planSandbox({ publishedPorts: [port(hostPort, '127.0.0.1')] })
    await assert.rejects(createSandbox(second, signal), {
      reason: 'FailedCreatePodSandBox',
      message: `publish host port ${hostPort}/TCP on 127.0.0.1: it is taken by pod "default/first"; stop that, or choose another hostPort`,
    })
    assert.deepEqual(readdirSync(root), [first.plan.id])
    await using server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const taken = (server.address() as AddressInfo).port
    await assert.rejects(create({ publishedPorts: [port(taken)] }), /taken by another program/)
  })

  it('takes a port, and its rule, from a sandbox whose directory is gone', async () => {
    const hostPort = await freePort()
    const publishedPorts = [port(hostPort)]
    const first = await create({ publishedPorts })
    for (const mount of mountsBelow(first.plan.directory)) unmount(mount, { detach: true })
    rmSync(first.plan.directory, { recursive: true })
    await using second = await create({ publishedPorts })
    await using server = await runInPod(second.sandbox, echo('second', 80))
    assert.equal(server.line, 'ready')
    assert.match(await askTcp('127.0.0.1', hostPort), /^second/)
    for (const leftover of findLeftovers()) {
      if (leftover.owner === first.plan.directory) await removeLeftover(leftover, signal)
    }
  })

  it('writes the files and namespaces of the plan', async () => {
    const hostAliases = [{ ip: '10.1.2.3', hostnames: ['db'] }]
    await using pod = await create({ hostname: 'a'.repeat(70), hostAliases })
    const { sandbox } = pod
    assert.equal(readFileSync(sandbox.hostnameFile, 'utf8'), `${'a'.repeat(63)}\n`)
    assert.match(
      readFileSync(sandbox.hostsFile, 'utf8'),
      new RegExp(`\n${pod.ip}\ta{63}\n\n# Entries.*\n10.1.2.3\tdb\n$`),
    )
    const shm = statfsSync(sandbox.shmDirectory)
    assert.equal(shm.bsize * shm.blocks, 67_108_864)
    const inPod = (...command: string[]) =>
      spawnSync('nsenter', [`--uts=${sandbox.namespaces.uts}`, `--net=${sandbox.namespaces.network}`, ...command], {
        encoding: 'utf8',
      })
    assert.equal(inPod('hostname').stdout.trim(), 'a'.repeat(63))
    assert.equal(inPod('cat', '/proc/sys/net/ipv4/ip_unprivileged_port_start').stdout.trim(), '0')
    assert.match(inPod('ip', '-o', 'addr').stdout, /lo .*127\.0\.0\.1/)
    assert.equal(readFileSync('/proc/sys/kernel/hostname', 'utf8').includes('aaaa'), false)
  })

  it("a pod on the machine's network has its address and no namespace of its own", async () => {
    await using pod = await create({ network: 'host', hostname: 'node' })
    assert.equal(pod.sandbox.namespaces.network, 'host')
    assert.deepEqual(pod.sandbox.podIPs, pod.sandbox.hostIPs)
    assert.deepEqual(await loadSandbox(pod.plan.directory), pod.sandbox)
  })

  it('is loaded again as long as all of it is there, and ends with its processes', async () => {
    const pod = await create()
    assert.deepEqual(await loadSandbox(pod.plan.directory), pod.sandbox)
    const enter = cgroupDirectories(layout, pod.plan.cgroupPath)
      .filter((directory) => existsSync(directory))
      .map((directory) => `echo $$ > ${directory}/cgroup.procs`)
      .join('; ')
    const child = spawn('sh', ['-c', `${enter}; echo in; sleep 60 & sleep 60`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    const exited = once(child, 'exit')
    unmount(pod.sandbox.namespaces.ipc)
    assert.equal(await loadSandbox(pod.plan.directory), undefined)
    await removeSandbox(pod.plan)
    await exited
    await removeSandbox(pod.plan)
    await untilNothingIsLeft()
  })

  it('a second sandbox of the same ID is refused and does the first one no harm', async () => {
    await using pod = await create()
    const twin = { ...pod.plan, directory: join(root, 'twin') }
    await assert.rejects(createSandbox(twin, signal), /a pod with the same UID/)
    assert.equal(existsSync(twin.directory), false)
    assert.deepEqual(await loadSandbox(pod.plan.directory), pod.sandbox)
  })

  it('a bad value in the plan, or an abort, leaves nothing', async () => {
    await assert.rejects(create({ hostAliases: [{ ip: '1.2.3.4\n6.6.6.6', hostnames: ['x'] }] }), /is not one word/)
    await assert.rejects(createSandbox(planSandbox(), AbortSignal.abort()), { reason: 'Interrupted' })
    await untilNothingIsLeft()
  })

  it('200 sandboxes leave the machine and this process as they were', async () => {
    const measure = () => ({
      fds: readdirSync('/proc/self/fd').length,
      mounts: mountsBelow(root).length,
    })
    await removeSandbox((await create()).plan)
    const before = measure()
    for (let round = 0; round < 8; round += 1) {
      const pods = await Promise.all(Array.from({ length: 25 }, () => create()))
      assert.equal(new Set(pods.map((pod) => pod.ip)).size, 25)
      await Promise.all(pods.map((pod) => removeSandbox(pod.plan)))
    }
    await untilNothingIsLeft()
    const after = measure()
    assert.equal(after.mounts, before.mounts)
    // The test runner may close one of its own meanwhile.
    assert.ok(after.fds <= before.fds, `${after.fds} open files, ${before.fds} before`)
  })

  it('two processes at once never hand out the same address', async () => {
    const program = `
      const { createSandbox } = await import(${JSON.stringify(join(import.meta.dirname, 'create-sandbox.ts'))})
      const plans = JSON.parse(process.argv[1])
      const pods = await Promise.all(plans.map((plan) => createSandbox(plan, AbortSignal.timeout(60000))))
      console.log(JSON.stringify(pods.map((pod) => pod.podIPs[0])))`
    const processes = [0, 1].map(() => {
      // A small range makes them want the same addresses: all start to search in the same few.
      const own = Array.from({ length: 30 }, () => planSandbox())
      return spawn(process.execPath, ['--input-type=module', '-e', program, JSON.stringify(own)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
    })
    const addresses = await Promise.all(
      processes.map(async (child) => {
        const chunks: Buffer[] = []
        for await (const chunk of child.stdout) chunks.push(chunk as Buffer)
        return JSON.parse(Buffer.concat(chunks).toString()) as string[]
      }),
    )
    assert.equal(new Set(addresses.flat()).size, 60)
    await Promise.all(plans.slice(-60).map((plan) => removeSandbox(plan)))
  })

  it('kill -9 at any moment of a creation leaves nothing that removeSandbox does not find', async () => {
    const hostPort = await freePort()
    const program = `
      const { createSandbox } = await import(${JSON.stringify(join(import.meta.dirname, 'create-sandbox.ts'))})
      console.log('ready')
      await createSandbox(JSON.parse(process.argv[1]), AbortSignal.timeout(60000))
      setInterval(() => {}, 1000)`
    for (let turn = 0; turn < 20; turn += 1) {
      const plan = planSandbox({ publishedPorts: [port(hostPort)] })
      const child = spawn(process.execPath, ['--input-type=module', '-e', program, JSON.stringify(plan)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const exited = once(child, 'exit')
      await once(child.stdout, 'data')
      const endsAtMs = performance.now() + turn * 1.2
      while (performance.now() < endsAtMs) await new Promise(setImmediate)
      child.kill('SIGKILL')
      await exited
      await removeSandbox(plan)
      await untilNothingIsLeft()
    }
  })
})
