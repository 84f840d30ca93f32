import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { unlessThereIs } from '../../../test/needs.ts'
import { connectInNamespace, type LocalConnection } from './connect-in-namespace.ts'
import { unmount } from './mount.ts'
import { createNamespaces, withinNetworkNamespace } from './namespaces.ts'

describe('connections inside of a network namespace', { skip: unlessThereIs('root', 'busybox') }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'peapod-connect-'))
  const namespace = join(directory, 'network')
  before(() => createNamespaces({ files: { net: namespace }, hostname: 'here' })?.close())
  after(() => {
    unmount(namespace)
    rmSync(directory, { recursive: true })
  })

  it('reach what listens inside, and nothing else', async () => {
    const echo = withinNetworkNamespace(namespace, () =>
      spawn('busybox', ['nc', '-l', '-p', '8099', '-e', 'cat'], { stdio: 'ignore' }),
    )
    try {
      const socket = await untilConnected(8099)
      socket.end('hello')
      let text = ''
      for await (const piece of socket as AsyncIterable<Buffer>) text += piece.toString()
      assert.equal(text, 'hello')
    } finally {
      echo.kill('SIGKILL')
    }
    assert.deepEqual(await connectInNamespace('host', { port: 8099, family: 'IPv4' }), REFUSED)
  })

  it('are refused in the words of the kernel', async () => {
    for (const family of ['IPv4', 'IPv6'] as const) {
      assert.deepEqual(await connectInNamespace(namespace, { port: 1, family }), REFUSED)
    }
  })

  it('reach the machine’s own localhost for a pod on its network', async () => {
    const server = createServer((socket) => socket.end('here')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const connection = await connectInNamespace('host', { port, family: 'IPv4' })
    assert.ok(connection.is === 'connected')
    const [piece] = (await once(connection.socket, 'data')) as [Buffer]
    assert.equal(piece.toString(), 'here')
    connection.socket.destroy()
    server.close()
  })

  async function untilConnected(port: number) {
    for (const endsAtMs = performance.now() + 10_000; performance.now() < endsAtMs;) {
      const connection: LocalConnection = await connectInNamespace(namespace, { port, family: 'IPv4' })
      if (connection.is === 'connected') return connection.socket
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    throw new Error('nothing listened')
  }
})

const REFUSED: LocalConnection = { is: 'refused', answer: 'connection refused' }
