import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { WebSocket } from 'ws'
import { NOTHING_RUNS, PODS_PATH } from '../test-server.ts'
import type { ClientStream } from './spdy/test-client.ts'
import { openTest } from './stream-test.ts'

const EXEC = `${PODS_PATH}/web/exec?command=cat&stdin=true&stdout=true&stderr=true`
const FORWARD = `${PODS_PATH}/web/portforward`

describe('streams of pods', { timeout: 20_000 }, () => {
  it('exec over WebSocket: channels, the end of the input, the exit code', async () => {
    for (const protocol of ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io']) {
      await using test = await openTest()
      const client = await test.webSocket(EXEC, ['v9.channel.k8s.io', protocol])
      assert.equal(client.socket.protocol, protocol)
      client.send(0, 'hello')
      await client.until(() => client.text(1) === 'hello')
      if (protocol.startsWith('v5')) client.send(255, Buffer.from([0]))
      else test.commands[0]?.stdin.end()
      await client.closed
      assert.equal(client.text(2), 'read 5\n')
      assert.deepEqual(JSON.parse(client.text(3)), {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'command terminated with non-zero exit code: error executing command [cat], exit code 3',
        reason: 'NonZeroExitCode',
        details: { causes: [{ reason: 'ExitCode', message: '3' }] },
      })
    }
  })

  it('exec over SPDY: streams, the end of the input, the exit code; older versions get words', async () => {
    for (const [version, expected] of [
      ['v4.channel.k8s.io', /^\{"kind":"Status".*"NonZeroExitCode"/],
      ['v3.channel.k8s.io', /^command terminated with non-zero exit code/],
      ['channel.k8s.io', /^command terminated with non-zero exit code/],
    ] as const) {
      await using test = await openTest()
      const client = await test.spdy(EXEC, version)
      const error = await client.open({ streamType: 'error' })
      const stdin = await client.open({ streamType: 'stdin' })
      const stdout = await client.open({ streamType: 'stdout' })
      const stderr = await client.open({ streamType: 'stderr' })
      client.send(stdin, 'hello')
      client.send(stdin, '', true)
      await client.until(() => error.ended && stdout.ended && stderr.ended)
      assert.deepEqual([client.text(stdout), client.text(stderr)], ['hello', 'read 5\n'])
      assert.match(client.text(error), expected)
      await client.closed
    }
  })

  it('tells the program the sizes of its terminal', async () => {
    const sizes = [
      { columns: 80, rows: 24 },
      { columns: 132, rows: 50 },
    ]
    const text = '{"Width":80,"Height":24}\n{"width":0,"height":1}{"junk"}{"height":50,"width":132}'
    await using test = await openTest()
    const client = await test.webSocket(`${EXEC}&tty=true`, ['v5.channel.k8s.io'])
    client.send(4, text)
    await client.until(() => test.commands[0]?.sizes.length === 2)
    const older = await test.spdy(`${EXEC}&tty=true`, 'v4.channel.k8s.io')
    for (const streamType of ['error', 'stdin', 'stdout']) await older.open({ streamType })
    const resize = await older.open({ streamType: 'resize' })
    older.send(resize, text.slice(0, 30))
    older.send(resize, text.slice(30))
    await test.until(() => test.commands[1]?.sizes.length === 2)
    for (const { sizes: told } of test.commands) assert.deepEqual(told, sizes)
  })

  it('lets go of a program when its client is gone, however it goes', async () => {
    await using test = await openTest()
    const one = await test.webSocket(EXEC, ['v5.channel.k8s.io'])
    one.socket.terminate()
    await test.until(() => test.commands[0]?.released === true)
    const two = await test.spdy(EXEC, 'v4.channel.k8s.io')
    for (const streamType of ['error', 'stdin', 'stdout', 'stderr']) await two.open({ streamType })
    await test.until(() => test.commands.length === 2)
    two.socket.destroy()
    await test.until(() => test.commands[1]?.released === true)
  })

  it('tells what could not be begun', async () => {
    await using test = await openTest()
    const client = await test.webSocket(`${PODS_PATH}/web/exec?command=nope&stdout=1`, ['v5.channel.k8s.io'])
    await client.closed
    const status = JSON.parse(client.text(3)) as { readonly message: string; readonly code: number }
    assert.deepEqual([status.message, status.code], ['Internal error occurred: no such program', 500])
  })

  it('a client that reads nothing holds up its program, and no memory', async () => {
    await using test = await openTest()
    const client = await test.webSocket(`${PODS_PATH}/web/exec?command=endless&stdout=1`, ['v5.channel.k8s.io'])
    client.socket.pause()
    let told = -1
    await test.until(() => {
      const before = told
      told = test.commands[0]?.told ?? 0
      return told > 0 && told === before
    })
    assert.ok(told < 20_000_000, `it told ${told} bytes`)
    client.socket.terminate()
    await test.until(() => test.commands[0]?.released === true)
  })

  it('forwards connections over SPDY, tunnelled or not: each half ends for itself', async () => {
    await using test = await openTest()
    const tunnel = await test.tunnel()
    for (const client of [await test.spdy(FORWARD, 'portforward.k8s.io'), tunnel]) {
      const pairs: { readonly error: ClientStream; readonly data: ClientStream; readonly text: string }[] = []
      for (let index = 0; index < 20; index += 1) {
        const headers = { port: '80', requestID: String(index) }
        const error = await client.open({ ...headers, streamType: 'error' }, true)
        pairs.push({
          error,
          data: await client.open({ ...headers, streamType: 'data' }),
          text: `connection ${index}`,
        })
      }
      for (const { data, text } of pairs) client.send(data, text, true)
      await client.until(() => pairs.every(({ data, error }) => data.ended && error.ended))
      for (const { data, error, text } of pairs) {
        assert.deepEqual([client.text(data), client.text(error)], [text.toUpperCase(), ''])
      }
      client.socket.destroy()
    }
  })

  it('a port where nothing listens, or that is none, harms no other connection', async () => {
    await using test = await openTest()
    const client = await test.spdy(FORWARD, 'portforward.k8s.io')
    const open = async (port: string) => {
      const error = await client.open({ streamType: 'error', port, requestID: port }, true)
      return { error, data: await client.open({ streamType: 'data', port, requestID: port }) }
    }
    const [fine, closed, zero, large, words] = [
      await open('80'),
      await open('81'),
      await open('0'),
      await open('70000'),
      await open('http'),
    ]
    for (const { error, data } of [closed, zero, large, words]) {
      await client.until(() => error.ended && data.ended)
    }
    assert.match(client.text(closed.error), /^error forwarding port 81 to pod uid-\d+, uid : nothing listens$/)
    for (const { error } of [zero, large, words]) assert.match(client.text(error), /it must be from 1 to 65535/)
    client.send(fine.data, 'still here', true)
    await client.until(() => fine.data.ended)
    assert.equal(client.text(fine.data), 'STILL HERE')
  })

  it('forwards over channels of a WebSocket: first the port, then the bytes', async () => {
    await using test = await openTest()
    const client = await test.webSocket(`${FORWARD}?ports=80&ports=81`, ['v4.channel.k8s.io'])
    await client.until(() => client.bytes(3).length > 2)
    client.send(0, 'hello')
    await client.until(() => client.bytes(0).length === 7)
    assert.deepEqual(client.bytes(0), Buffer.concat([Buffer.from([80, 0]), Buffer.from('HELLO')]))
    assert.match(client.text(3), /nothing listens/)
    client.socket.close()
    await client.closed
  })

  it('reads a log over a WebSocket', async () => {
    await using test = await openTest()
    const socket = new WebSocket(test.url(`${PODS_PATH}/web/log`), ['binary.k8s.io'])
    let text = ''
    socket.on('message', (message: Buffer) => (text += message.toString()))
    await once(socket, 'close')
    assert.equal(text, 'one\ntwo\nthree\n')
  })

  it('refuses in the words of the API server', async () => {
    await using test = await openTest()
    const cases: readonly (readonly [path: string, code: number, message: RegExp])[] = [
      [`${PODS_PATH}/none/exec?command=a&stdout=1`, 404, /pods \\"none\\" not found/],
      [`${PODS_PATH}/web/exec?command=a&stdout=1&container=none`, 400, /container none is not valid for pod web/],
      [`${PODS_PATH}/web/exec?command=a`, 400, /you must specify at least 1 of stdin, stdout, stderr/],
      [`${PODS_PATH}/web/exec?stdout=1`, 400, /you must specify at least one command for the container/],
      [
        `${PODS_PATH}/two/exec?command=a&stdout=1`,
        400,
        /a container name must be specified for pod two, choose one of: \[a b\]/,
      ],
    ]
    await test.server.createPod('two', { spec: { containers: ['a', 'b'].map((name) => ({ name, image: 'busybox' })) } })
    for (const [path, code, message] of cases) {
      for (const answer of [await test.refusedWebSocket(path, ['v5.channel.k8s.io']), await test.refusedSpdy(path)]) {
        assert.equal(answer.code, code, path)
        assert.match(answer.body, message)
        assert.match(answer.body, /"kind":"Status"/)
      }
    }
    for (const ports of ['', '?ports=0', '?ports=70000', '?ports=http']) {
      assert.equal((await test.refusedWebSocket(`${FORWARD}${ports}`, ['v4.channel.k8s.io'])).code, 400, ports)
    }
    const plain = await test.server.get(EXEC)
    assert.deepEqual([plain.code, plain.json.message], [400, 'Upgrade request required'])
  })

  it('refuses protocols that it does not speak', async () => {
    await using test = await openTest()
    assert.match((await test.refusedWebSocket(EXEC, ['v9.channel.k8s.io'])).body, /unable to negotiate protocol/)
    const spdy = await test.refusedSpdy(EXEC, 'v9.channel.k8s.io')
    assert.equal(spdy.code, 403)
    assert.match(spdy.head, /X-Accepted-Stream-Protocol-Versions: v4\.channel\.k8s\.io/)
  })

  it('says what the node says of a container that does not run', async () => {
    await using test = await openTest({ streams: { ...NOTHING_RUNS, log: () => Promise.reject(new Error('no log')) } })
    const spdy = await test.refusedSpdy(EXEC, 'v4.channel.k8s.io')
    assert.deepEqual([spdy.code, spdy.body], [500, 'container not found ("app")\n'])
    const client = await test.webSocket(EXEC, ['v5.channel.k8s.io'])
    await client.closed
    assert.match(client.text(3), /unable to upgrade connection: container not found \(\\"app\\"\)/)
  })

  it('closes on what is no WebSocket, no SPDY, or too long a message', async () => {
    await using test = await openTest()
    const long = await test.webSocket(EXEC, ['v5.channel.k8s.io'])
    long.socket.send(Buffer.alloc(17 * 1_048_576))
    await long.closed
    const junk = await test.spdy(EXEC, 'v4.channel.k8s.io')
    junk.socket.write(Buffer.from('8003000100ffffff', 'hex'))
    await junk.closed
    for (const version of ['v4.channel.k8s.io', 'v5.channel.k8s.io']) {
      const client = await test.webSocket(EXEC, [version])
      client.socket.send(Buffer.alloc(0))
      client.socket.send(Buffer.from([9, 1]))
      client.socket.send(Buffer.from([255]))
      client.send(0, 'fine')
      await client.until(() => client.text(1) === 'fine')
      client.socket.terminate()
    }
    assert.deepEqual(test.server.complaints, [])
  })

  it('a server that closes cuts what is open', async () => {
    await using test = await openTest()
    const client = await test.webSocket(EXEC, ['v5.channel.k8s.io'])
    await test.server.close()
    await client.closed
    await test.until(() => test.commands[0]?.released === true)
  })
})
