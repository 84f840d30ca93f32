import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, linkSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { describe, it } from 'node:test'
import { Failure } from '../../failure.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import { openServer, type ServerOptions } from './open-server.ts'
import type { PodStreams } from './pod-streams.ts'
import { NOTHING_RUNS, PODS_PATH, TestServer } from './test-server.ts'

function optionsFor(socketPath: string): ServerOptions {
  return {
    socketPath,
    store: openMemoryStore(),
    streams: { ...NOTHING_RUNS, log: () => Promise.reject(new Failure('BadRequest', 'no log')) },
    clock: { nowMs: () => 0 },
    nodeName: 'here',
    version: '1.2.3',
    log: () => undefined,
  }
}

/** Sends text as it is and resolves with all that comes back until the connection ends. */
async function exchange(socketPath: string, ...texts: string[]): Promise<string> {
  const socket = connect(socketPath).setEncoding('utf8')
  let received = ''
  socket.on('data', (chunk: string) => (received += chunk))
  for (const text of texts) socket.write(text)
  await new Promise((resolve) => socket.once('close', resolve))
  return received
}

describe('the server', () => {
  it('listens on a socket for its owner alone, which is gone when it closes', async () => {
    await using server = await TestServer.open()
    assert.equal(statSync(server.socketPath).mode & 0o777, 0o600)
    await server.close()
    assert.equal(existsSync(server.socketPath), false)
  })

  it('takes the place of a socket that a killed server left, never of a living one', async () => {
    await using server = await TestServer.open()
    await assert.rejects(openServer(optionsFor(server.socketPath)), { reason: 'StateLocked' })
    await server.close()
    const killed = createServer().listen(server.socketPath)
    await once(killed, 'listening')
    const left = `${server.socketPath}.left`
    linkSync(server.socketPath, left)
    await new Promise((resolve) => killed.close(resolve))
    renameSync(left, server.socketPath)
    const next = await openServer(optionsFor(server.socketPath))
    await next.close()
  })

  it('says what is wrong with a path that it cannot listen on', async () => {
    const long = `/tmp/${'x'.repeat(120)}`
    await assert.rejects(openServer(optionsFor(long)), { reason: 'SetupFailed', message: /more than the 107 bytes/ })
    await assert.rejects(openServer(optionsFor('/nowhere/api.sock')), { reason: 'SetupFailed', message: /nowhere/ })
    await using server = await TestServer.open()
    const file = `${server.socketPath}.txt`
    writeFileSync(file, 'precious')
    await assert.rejects(openServer(optionsFor(file)), { reason: 'SetupFailed', message: /is no socket/ })
  })

  it('makes the namespaces of every cluster, once', async () => {
    await using server = await TestServer.open()
    const list = await server.get('/api/v1/namespaces')
    assert.deepEqual(
      list.json.items?.map(({ metadata }) => metadata.name),
      ['default', 'kube-node-lease', 'kube-public', 'kube-system'],
    )
    const again = await openServer({ ...optionsFor(`${server.socketPath}2`), store: server.store })
    await again.close()
    assert.equal(server.store.resourceVersion, '4')
  })

  it('serves version, health and discovery', async () => {
    await using server = await TestServer.open()
    assert.match((await server.get('/version')).text, /"gitVersion":"v1\.\d+\.0\+peapod-0\.0\.0"/)
    for (const path of ['/healthz', '/livez', '/readyz']) assert.equal((await server.get(path)).text, 'ok')
    assert.match((await server.get('/api')).text, /"versions":\["v1"\]/)
    assert.match((await server.get('/apis')).text, /"kind":"APIGroupList"/)
    const { resources } = JSON.parse((await server.get('/api/v1/')).text) as { resources: { name: string }[] }
    const names = resources.map(({ name }) => name)
    for (const name of ['namespaces', 'pods', 'pods/log', 'pods/status']) assert.ok(names.includes(name), name)
    assert.equal((await server.send('POST', '/version', { body: {} })).code, 405)
  })

  it('refuses a body that is too large, declared or not, and goes on', async () => {
    await using server = await TestServer.open()
    const head = `POST ${PODS_PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`
    const message = /^HTTP\/1\.1 413 [^]*Request entity too large: limit is 3145728/
    assert.match(await exchange(server.socketPath, `${head}content-length: 4000000\r\n\r\n`), message)
    const megabyte = `100000\r\n${'x'.repeat(0x100000)}\r\n`
    const chunked = [
      `${head}connection: close\r\ntransfer-encoding: chunked\r\n\r\n`,
      megabyte,
      megabyte,
      megabyte,
      megabyte,
      '0\r\n\r\n',
    ]
    assert.match(await exchange(server.socketPath, ...chunked), message)
    assert.equal((await server.get('/healthz')).code, 200)
  })

  it('answers others while a client takes its time with its request', async () => {
    await using server = await TestServer.open()
    const slow = connect(server.socketPath)
    slow.write(
      `POST ${PODS_PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`,
    )
    assert.equal((await server.get('/healthz')).code, 200)
    slow.destroy()
    await server.createPod('a')
  })

  it('answers 406 to who accepts no JSON', async () => {
    await using server = await TestServer.open()
    for (const [accept, code] of [
      ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', 200],
      ['application/vnd.kubernetes.protobuf,application/json', 200],
      ['*/*', 200],
      ['application/vnd.kubernetes.protobuf', 406],
      ['application/json;as=Table;v=v1;g=meta.k8s.io', 200],
      ['application/json;as=Table;v=v2;g=meta.k8s.io', 406],
    ] as const) {
      assert.equal((await server.get(PODS_PATH, { accept })).code, code, accept)
    }
  })

  it('tells a bug as InternalError, says it in its own log, and goes on', async () => {
    const clock = {
      nowMs: (): number => {
        if (isBroken) throw new TypeError('the clock stands still')
        return 0
      },
    }
    let isBroken = false
    await using server = await TestServer.open({ clock })
    isBroken = true
    const body = { metadata: { name: 'a' }, spec: { containers: [{ name: 'a', image: 'b' }] } }
    const reply = await server.send('POST', PODS_PATH, { body })
    assert.equal(reply.code, 500)
    assert.equal(reply.json.message, 'Internal error occurred: the clock stands still')
    assert.match(server.complaints.join(), /answer POST .*the clock stands still/)
    assert.equal((await server.get('/healthz')).code, 200)
  })

  it('drops a client that reads nothing, and piles up nothing for it', async () => {
    let sent = 0
    const { promise: stopped, resolve: stop } = Promise.withResolvers<undefined>()
    const endless = async function* (signal: AbortSignal): AsyncGenerator<Uint8Array> {
      signal.addEventListener('abort', () => stop(undefined))
      for (; !signal.aborted; sent += 65_536) yield await Promise.resolve(Buffer.alloc(65_536))
    }
    const streams: PodStreams = { ...NOTHING_RUNS, log: (_pod, { signal }) => Promise.resolve(endless(signal)) }
    await using server = await TestServer.open({ streams, stalledClientMs: 20 })
    await server.createPod('web')
    const lazy = connect(server.socketPath).pause()
    lazy.write(`GET ${PODS_PATH}/web/log?follow=true HTTP/1.1\r\nhost: x\r\n\r\n`)
    await stopped
    assert.ok(sent < 4_000_000, `${sent} bytes were read for nobody`)
    lazy.destroy()
  })

  it('cuts a log that fails on its way, so that it does not look whole', async () => {
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('one\n')
      await Promise.reject(new Failure('InternalError', 'the disk is gone'))
    }
    await using server = await TestServer.open({ streams: { ...NOTHING_RUNS, log: () => Promise.resolve(failing()) } })
    await server.createPod('web')
    await assert.rejects(server.get(`${PODS_PATH}/web/log`), /aborted/)
  })
})
