import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import type { KubectlProgram } from './kubectl.ts'

/** A way to the API's Unix socket for clients that know only TCP; tells what they asked to upgrade to. */
export interface Bridge extends AsyncDisposable {
  readonly url: string
  /** `websocket` or `SPDY/3.1` of every answer that switched protocols. */
  readonly upgrades: string[]
}

export async function openBridge(socketPath: string): Promise<Bridge> {
  const upgrades: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ path: socketPath, allowHalfOpen: true })
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.pipe(far)
    far.pipe(near)
    far.on('data', (chunk: Buffer) => {
      if (chunk.subarray(0, 13).toString('latin1') !== 'HTTP/1.1 101 ') return
      upgrades.push(/^upgrade: (\S+)/im.exec(chunk.toString('latin1', 0, 500))?.[1] ?? '')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    upgrades,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A kubectl whose streams are the test's. Disposing ends it. */
export class RunningKubectl implements AsyncDisposable {
  readonly child: ChildProcess & { readonly stdin: Writable; readonly stdout: Readable; readonly stderr: Readable }
  /** What it said of errors so far. */
  complaints = ''
  readonly #ended: Promise<unknown[]>

  constructor({ path }: KubectlProgram, server: string, args: readonly string[]) {
    this.child = spawn(path, ['--kubeconfig=/dev/null', '--server', server, ...args], { stdio: 'pipe' })
    this.child.stdin.on('error', () => undefined)
    this.child.stderr.setEncoding('utf8').on('data', (said: string) => (this.complaints += said))
    this.#ended = once(this.child, 'close')
  }

  /** @returns the exit code; null after a signal. */
  async ended(): Promise<number | null> {
    await this.#ended
    return this.child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL')
    await this.#ended
  }
}

/** @returns the local ports of a `kubectl port-forward`, in the order of its arguments. */
export function forwardedPorts(kubectl: RunningKubectl, count: number): Promise<number[]> {
  let said = ''
  return new Promise((resolve, reject) => {
    // Read to its end: kubectl goes on talking, and dies when nobody listens.
    kubectl.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const ports = [...said.matchAll(/^Forwarding from 127\.0\.0\.1:(\d+) -> /gm)].map(([, port]) => Number(port))
      if (ports.length >= count) resolve(ports)
    })
    kubectl.child.once('close', () => reject(new Error(`kubectl ended: ${said}${kubectl.complaints}`)))
  })
}

/** Connects; sends bytes, then ends its half. @returns what came back until the other half ended. */
export async function exchange(port: number, sent: Iterable<Uint8Array>): Promise<Digest> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  const [result] = await Promise.all([digest(socket), writeAll(socket, sent)])
  socket.destroy()
  return result
}

export async function writeAll(to: Writable, chunks: Iterable<Uint8Array>): Promise<void> {
  for (const chunk of chunks) if (!to.write(chunk)) await once(to, 'drain')
  to.end()
}

export interface Digest {
  readonly bytes: number
  readonly sha256: string
  /** The first kilobyte. */
  readonly text: string
}

export async function digest(stream: Readable): Promise<Digest> {
  const hash = createHash('sha256')
  let bytes = 0
  let text = ''
  for await (const piece of stream as AsyncIterable<Buffer>) {
    hash.update(piece)
    bytes += piece.length
    if (text.length < 1024) text += piece.toString('latin1')
  }
  return { bytes, sha256: hash.digest('hex'), text: text.slice(0, 1024) }
}

/** The same bytes each time, of which no piece is like another. */
export function* someBytes(megabytes: number): Generator<Buffer> {
  for (let index = 0; index < megabytes * 16; index += 1) yield Buffer.alloc(65_536, `${index}, or ${index * 7919}; `)
}

/** Of a process, in bytes. */
export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}
