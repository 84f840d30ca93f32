import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, it } from 'node:test'
import { Failure } from '../../../failure.ts'
import { openEndpoint } from '../endpoint.ts'
import { commandExitCode } from './command-end.ts'
import { FakeStreamServer } from './fake-stream-server.ts'
import { openCommand, type CommandWanted } from './open-command.ts'

const SUCCESS = '{"kind":"Status","status":"Success"}'
const EXIT_7 =
  '{"kind":"Status","status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"7"}]}}'

const wanted = (change: { readonly tty?: boolean; readonly signal?: AbortSignal } = {}): CommandWanted => ({
  is: 'exec',
  pod: { namespace: 'shop', name: 'web' },
  container: 'app',
  command: ['sh', '-c', 'a b'],
  stdin: true,
  tty: false,
  signal: new AbortController().signal,
  ...change,
})

const message = (channel: number, words: string): Buffer => Buffer.concat([Buffer.from([channel]), Buffer.from(words)])

describe('a command in a container', { timeout: 10_000 }, () => {
  it('has its streams, the end of its input, its exit code', async () => {
    await using server = await FakeStreamServer.open()
    const heard: string[] = []
    server.onWebSocket = (socket) => {
      socket.send(message(1, ''))
      socket.on('message', (data: Buffer) => {
        heard.push(data.toString('latin1'))
        if (data[0] !== 255) return
        socket.send(message(1, 'out'))
        socket.send(message(2, 'err'))
        socket.send(message(3, EXIT_7))
        socket.close(1000)
      })
    }
    const remote = await openCommand(openEndpoint(server.endpoint), wanted())
    remote.resize({ columns: 80, rows: 24 })
    remote.stdin?.end('hello')
    assert.deepEqual(await Promise.all([text(remote.stdout), remote.stderr && text(remote.stderr), remote.exitCode]), [
      'out',
      'err',
      7,
    ])
    assert.deepEqual(heard, ['\x04{"Width":80,"Height":24}', '\0hello', '\xff\0'])
    const query = 'container=app&stdin=true&stdout=true&stderr=true&command=sh&command=-c&command=a+b'
    assert.deepEqual(server.requests, [`/api/v1/namespaces/shop/pods/web/exec?${query}`])
  })

  it('with a terminal there is one output', async () => {
    await using server = await FakeStreamServer.open()
    server.onWebSocket = (socket) => {
      socket.send(message(3, SUCCESS))
      socket.close(1000)
    }
    const remote = await openCommand(openEndpoint(server.endpoint), wanted({ tty: true }))
    assert.equal(remote.stderr, undefined)
    remote.stdout.resume()
    assert.equal(await remote.exitCode, 0)
    assert.match(server.requests[0] ?? '', /stdin=true&stdout=true&tty=true/)
  })

  it('a reader that stalls stops the server, and gets everything', async () => {
    await using server = await FakeStreamServer.open()
    let sent = 0
    server.onWebSocket = (socket) => {
      const send = (): void => {
        if (sent === 400) {
          socket.send(message(3, SUCCESS), () => socket.close(1000))
          return
        }
        sent += 1
        socket.send(message(1, 'x'.repeat(65_536)), send)
      }
      send()
    }
    const remote = await openCommand(openEndpoint(server.endpoint), wanted())
    let before = -1
    while (sent !== before) {
      before = sent
      await delay(100)
    }
    assert.ok(sent < 100, `${sent} pieces were sent to somebody who did not read`)
    assert.equal((await text(remote.stdout)).length, 400 * 65_536)
    assert.equal(await remote.exitCode, 0)
  })

  it('that is refused says why', async () => {
    await using server = await FakeStreamServer.open()
    server.refusal = { code: 404, body: '{"kind":"Status","reason":"NotFound","message":"pods \\"web\\" not found"}' }
    await assert.rejects(openCommand(openEndpoint(server.endpoint), wanted()), (error) => {
      assert.ok(error instanceof Failure)
      assert.deepEqual(
        [error.reason, error.message],
        ['NotFound', 'run a command in pod "web": the API server answered: pods "web" not found'],
      )
      return true
    })
  })

  it('tries once more as somebody else when the server does not know who asks', async () => {
    await using server = await FakeStreamServer.open()
    server.refusal = { code: 401, body: '' }
    let renewals = 0
    const endpoint = {
      ...openEndpoint(server.endpoint),
      renew: () => {
        server.refusal = undefined
        renewals += 1
        return renewals === 1
      },
    }
    server.onWebSocket = (socket) => {
      socket.send(message(3, SUCCESS))
      socket.close(1000)
    }
    assert.equal(await (await openCommand(endpoint, wanted())).exitCode, 0)
    assert.equal(server.requests.length, 2)
  })

  it('whose connection breaks has no exit code', async () => {
    await using server = await FakeStreamServer.open()
    server.onWebSocket = (socket) => socket.terminate()
    const remote = await openCommand(openEndpoint(server.endpoint), wanted())
    remote.stdout.resume()
    await assert.rejects(remote.exitCode, /run a command in pod "web": the connection broke before the end was told/)
  })

  it('ends when its signal aborts', async () => {
    await using server = await FakeStreamServer.open()
    const stop = new AbortController()
    const remote = await openCommand(openEndpoint(server.endpoint), wanted({ signal: stop.signal }))
    stop.abort(new Error('enough'))
    await assert.rejects(remote.exitCode, /enough/)
    await assert.rejects(openCommand(openEndpoint(server.endpoint), wanted({ signal: stop.signal })), /enough/)
  })

  it('without a server says so', async () => {
    const nowhere = openEndpoint({ socketPath: '/nowhere/api.sock' })
    await assert.rejects(openCommand(nowhere, wanted()), /cannot talk to the API server on "\/nowhere\/api.sock"/)
  })

  for (const [what, words, expected] of [
    ['a success', SUCCESS, 0],
    ['an exit code', EXIT_7, 7],
    [
      'a program that is not there',
      '{"kind":"Status","status":"Failure","message":"no such file","code":500}',
      /no such file/,
    ],
    ['a code that is none', EXIT_7.replace('"7"', '"x"'), /API server answered/],
    ['words of a node', 'container not found', /container not found/],
    ['nothing', '', /the connection broke before the end was told \(WebSocket code 1006\)/],
  ] as const) {
    it(`its end: ${what}`, () => {
      const read = (): number => commandExitCode({ what: 'run', words, end: { code: 1006, reason: '' } })
      if (typeof expected === 'number') assert.equal(read(), expected)
      else assert.throws(read, expected)
    })
  }
})
