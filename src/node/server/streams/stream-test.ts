import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Duplex, PassThrough, Readable } from 'node:stream'
import { WebSocket } from 'ws'
import { Failure } from '../../../failure.ts'
import type { PodExecOptions, PodStreams, RunningCommand, TerminalSize } from '../pod-streams.ts'
import { NOTHING_RUNS, PODS_PATH, TestServer } from '../test-server.ts'
import { SpdyTestClient } from './spdy/test-client.ts'

const TUNNEL = 'SPDY/3.1+portforward.k8s.io'

/** A program of the tests: gives back what it reads, says how much that was, and ends with 3. */
interface TestCommand {
  readonly stdin: PassThrough
  readonly sizes: TerminalSize[]
  told: number
  released: boolean
}

function beginCommand({ command }: PodExecOptions, commands: TestCommand[]): RunningCommand {
  if (command[0] === 'nope') throw new Failure('StartError', 'no such program')
  const stdin = new PassThrough()
  const stderr = new PassThrough()
  const own: TestCommand = { stdin, sizes: [], told: 0, released: false }
  commands.push(own)
  let count = 0
  stdin.on('data', (piece: Buffer) => (count += piece.length))
  const stdout = command[0] === 'endless' ? endless(own) : stdin.pipe(new PassThrough())
  stdin.once('end', () => stderr.end(`read ${count}\n`))
  const { promise, resolve } = Promise.withResolvers<number>()
  stderr.once('end', () => resolve(3))
  const release = (): void => {
    own.released = true
    for (const stream of [stdin, stdout, stderr]) stream.destroy()
  }
  return { stdin, stdout, stderr, resize: (size) => own.sizes.push(size), ended: promise, release }
}

function endless(own: TestCommand): Readable {
  return new Readable({
    read() {
      own.told += 65_536
      this.push(Buffer.alloc(65_536))
    },
  })
}

/** Gives back what it reads in capitals, after its end. */
function shouting(): Duplex {
  return new Duplex({
    read: () => undefined,
    write(piece: Buffer, _encoding, callback) {
      this.push(piece.toString().toUpperCase())
      callback()
    },
    final(callback) {
      this.push(null)
      callback()
    },
  })
}

class StreamTest implements AsyncDisposable {
  readonly server: TestServer
  readonly commands: TestCommand[]

  constructor(server: TestServer, commands: TestCommand[]) {
    this.server = server
    this.commands = commands
  }

  url(path: string): string {
    return `ws+unix:${this.server.socketPath}:${path}`
  }

  async webSocket(path: string, protocols: readonly string[]): Promise<ChannelClient> {
    const client = new ChannelClient(new WebSocket(this.url(path), [...protocols]))
    await once(client.socket, 'open')
    return client
  }

  async spdy(path: string, version: string): Promise<SpdyTestClient> {
    const { socket, head } = await this.#upgrade(path, version)
    assert.match(head, /^HTTP\/1.1 101 /)
    assert.match(head, new RegExp(`X-Stream-Protocol-Version: ${version}`))
    return new SpdyTestClient(socket)
  }

  /** A connection inside of a WebSocket. Made by hand: no library offers a subprotocol with a slash in its name. */
  async tunnel(): Promise<SpdyTestClient> {
    const { socket, head } = await this.#handshake([
      `GET ${PODS_PATH}/web/portforward HTTP/1.1`,
      'Host: test',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      `Sec-WebSocket-Protocol: ${TUNNEL}`,
    ])
    assert.match(head, /^HTTP\/1.1 101 /)
    assert.match(head, /Sec-WebSocket-Protocol: SPDY\/3\.1\+portforward\.k8s\.io/)
    return new SpdyTestClient(tunnelThrough(socket))
  }

  async refusedSpdy(path: string, version = 'v4.channel.k8s.io') {
    const { socket, head } = await this.#upgrade(path, version)
    let body = ''
    for await (const piece of socket as AsyncIterable<Buffer>) body += piece.toString()
    return { code: Number(head.split(' ')[1]), head, body }
  }

  async refusedWebSocket(path: string, protocols: readonly string[]) {
    const socket = new WebSocket(this.url(path), [...protocols])
    socket.on('error', () => undefined)
    const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, Readable & { statusCode: number }]
    let body = ''
    for await (const piece of answer as AsyncIterable<Buffer>) body += piece.toString()
    return { code: answer.statusCode, body }
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
  }

  #upgrade(path: string, version: string): Promise<{ readonly socket: Socket; readonly head: string }> {
    return this.#handshake([
      `POST ${path} HTTP/1.1`,
      'Host: test',
      'Connection: Upgrade',
      'Upgrade: SPDY/3.1',
      `X-Stream-Protocol-Version: v9.channel.k8s.io, ${version}`,
      'Content-Length: 0',
    ])
  }

  async #handshake(lines: readonly string[]): Promise<{ readonly socket: Socket; readonly head: string }> {
    const socket = connect(this.server.socketPath)
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    let received = Buffer.alloc(0)
    for (;;) {
      const [piece] = (await once(socket, 'data')) as [Buffer]
      received = Buffer.concat([received, piece])
      const end = received.indexOf('\r\n\r\n')
      if (end === -1) continue
      socket.pause()
      socket.unshift(received.subarray(end + 4))
      return { socket, head: received.toString('latin1', 0, end) }
    }
  }
}

/** Bytes in binary messages, whose mask changes nothing. */
function tunnelThrough(socket: Socket): Duplex {
  let held = Buffer.alloc(0)
  const tunnel = new Duplex({
    read: () => socket.resume(),
    write(piece: Buffer, _encoding, callback) {
      const head = Buffer.from([0x82, 0x80 | 126, 0, 0, 0, 0, 0, 0])
      head.writeUInt16BE(piece.length, 2)
      socket.write(Buffer.concat([head, piece]), callback)
    },
    destroy(error, callback) {
      socket.destroy()
      callback(error)
    },
  })
  socket.on('close', () => tunnel.push(null))
  socket.on('data', (piece: Buffer) => {
    held = Buffer.concat([held, piece])
    while (held.length >= 4) {
      const short = held.readUInt8(1)
      const [start, length] = short < 126 ? [2, short] : [4, held.readUInt16BE(2)]
      if (held.length < start + length) return
      tunnel.push(held.subarray(start, start + length))
      held = held.subarray(start + length)
    }
  })
  return tunnel
}

/** The client's side of channels in a WebSocket. */
class ChannelClient {
  readonly socket: WebSocket
  readonly closed: Promise<unknown>
  readonly #received = new Map<number, Buffer[]>()

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('error', () => undefined)
    this.closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('message', (message: Buffer) => {
      const channel = this.#isText ? Number(message.toString('latin1', 0, 1)) : (message[0] ?? 0)
      const data = this.#isText ? Buffer.from(message.toString('latin1', 1), 'base64') : message.subarray(1)
      this.#received.set(channel, [...(this.#received.get(channel) ?? []), data])
    })
  }

  get #isText(): boolean {
    return this.socket.protocol.includes('base64')
  }

  send(channel: number, data: string | Buffer): void {
    if (this.#isText) this.socket.send(`${channel}${Buffer.from(data).toString('base64')}`)
    else this.socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(data)]))
  }

  bytes(channel: number): Buffer {
    return Buffer.concat(this.#received.get(channel) ?? [])
  }

  text(channel: number): string {
    return this.bytes(channel).toString()
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export async function openTest(options: { readonly streams?: PodStreams } = {}): Promise<StreamTest> {
  const commands: TestCommand[] = []
  const server = await TestServer.open({
    streams: {
      ...NOTHING_RUNS,
      log: () => Promise.resolve(Readable.from([Buffer.from('one\ntwo\n'), Buffer.from('three\n')])),
      exec: (_pod, request) => Promise.resolve(() => Promise.try(() => beginCommand(request, commands))),
      portForward: () =>
        Promise.resolve((port) =>
          port === 80
            ? Promise.resolve(shouting())
            : Promise.reject(new Failure('ServiceUnavailable', 'nothing listens')),
        ),
    },
    ...options,
  })
  await server.createPod('web')
  return new StreamTest(server, commands)
}
