import assert from 'node:assert/strict'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'

function startCompanion(
  name: string,
  args: readonly string[],
  env: Record<string, string>,
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [join(import.meta.dirname, `${name}.ts`), ...args], {
    env: { ...process.env, ...env },
  })
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function outcome(companion: ChildProcessWithoutNullStreams): Promise<{ code: number | null; output: string }> {
  let output = ''
  companion.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  companion.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [code] = (await once(companion, 'close')) as [number | null]
  return { code, output }
}

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'peapod-companion-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

describe('companions', { concurrency: true }, () => {
  it('log-agent ships each line once, what was written while the server was away too, and the last ones on SIGTERM', async () => {
    await using folder = await temporaryFolder()
    const log = join(folder.path, 'access.log')
    await writeFile(log, 'before the server\n')
    const server = createServer()
    const port = await listen(server)
    const agent = startCompanion('log-agent', [], {
      LOG_FILES: join(folder.path, '*.log'),
      LOG_SERVER: `127.0.0.1:${port}`,
      LOG_SOURCE: 'web',
    })
    const lines: string[] = []
    const [first] = (await once(server, 'connection')) as [Socket]
    const incoming = createInterface({ input: first })[Symbol.asyncIterator]()
    lines.push((await incoming.next()).value as string)
    await appendFile(log, 'größe ✓\nunfinished')
    lines.push((await incoming.next()).value as string)
    await appendFile(log, ' now whole\nlast\n')
    server.on('connection', (socket) => createInterface({ input: socket }).on('line', (line) => lines.push(line)))
    agent.kill('SIGTERM')
    const rest = (async () => {
      for (let next = await incoming.next(); next.done !== true; next = await incoming.next()) lines.push(next.value)
    })()
    const { code } = await outcome(agent)
    await rest
    server.close()
    assert.equal(code, 0)
    assert.deepEqual(
      lines.map((line) => JSON.parse(line) as unknown),
      ['before the server', 'größe ✓', 'unfinished now whole', 'last'].map((line) => ({
        source: 'web',
        file: log,
        line,
      })),
    )
  })

  it('log-agent outlives a server that resets its connection, and ends well without one when it owes nothing', async () => {
    await using folder = await temporaryFolder()
    const log = join(folder.path, 'access.log')
    await writeFile(log, 'first\n')
    const server = createServer()
    const port = await listen(server)
    const agent = startCompanion('log-agent', [], {
      LOG_FILES: log,
      LOG_SERVER: `127.0.0.1:${port}`,
      LOG_SOURCE: 'web',
    })
    const ended = outcome(agent)
    const [first] = (await once(server, 'connection')) as [Socket]
    await once(first, 'data')
    first.resetAndDestroy()
    const [second] = (await once(server, 'connection')) as [Socket]
    await appendFile(log, 'second\n')
    const [shipped] = (await once(second, 'data')) as [Buffer]
    assert.match(shipped.toString(), /"second"/)
    server.close()
    second.resetAndDestroy()
    agent.kill('SIGTERM')
    const { code, output } = await ended
    assert.doesNotMatch(output, /at .*log-agent\.ts/)
    assert.equal(code, 0)
  })

  it('log-agent owns up to lines that it could not ship', async () => {
    await using folder = await temporaryFolder()
    const log = join(folder.path, 'access.log')
    const agent = startCompanion('log-agent', [], { LOG_FILES: log, LOG_SERVER: '127.0.0.1:1' })
    await once(agent.stdout, 'data')
    await writeFile(log, 'unheard\n')
    agent.kill('SIGTERM')
    assert.equal((await outcome(agent)).code, 1)
  })

  it('log-adapter turns the lines of several files into one format and ends with what is there', async () => {
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, 'api.log'), '{"level":"warn","msg":"slow"}\n')
    await writeFile(join(folder.path, 'web.log'), '2025-11-20T10:37:09Z ERROR broken\n')
    const adapter = startCompanion('log-adapter', [], { LOG_FILES: join(folder.path, '*.log') })
    const lines = createInterface({ input: adapter.stdout })[Symbol.asyncIterator]()
    const adapted = [await lines.next(), await lines.next()].map(({ value }) => JSON.parse(value as string) as unknown)
    adapter.kill('SIGTERM')
    assert.equal((await outcome(adapter)).code, 0)
    assert.deepEqual(adapted, [
      { level: 'warning', source: 'api', message: 'slow' },
      { time: '2025-11-20T10:37:09.000Z', level: 'error', source: 'web', message: 'broken' },
    ])
  })

  it('ambassador leads a connection to the route that is chosen, both ways, half-closed too', async () => {
    const database = createServer({ allowHalfOpen: true }, (socket) => {
      let question = ''
      socket.on('data', (chunk) => (question += chunk.toString()))
      socket.on('end', () => socket.end(`prod says: ${question}`))
    })
    const target = await listen(database)
    const free = createServer()
    const port = await listen(free)
    free.close()
    const ambassador = startCompanion('ambassador', [], {
      LISTEN: String(port),
      ROUTE: 'prod',
      ROUTES: `dev=127.0.0.1:1,prod=127.0.0.1:${target}`,
    })
    await once(ambassador.stdout, 'data')
    const client = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
    client.end('who are you?')
    let answer = ''
    for await (const chunk of client) answer += String(chunk)
    ambassador.kill('SIGTERM')
    assert.equal((await outcome(ambassador)).code, 0)
    database.close()
    assert.equal(answer, 'prod says: who are you?')
  })

  it('ambassador refuses a route that does not exist', async () => {
    const { code, output } = await outcome(
      startCompanion('ambassador', [], { LISTEN: '1', ROUTE: 'test', ROUTES: 'dev=a:1' }),
    )
    assert.deepEqual(
      { code, output },
      { code: 2, output: 'ambassador: ROUTE "test" is none of dev, or not host:port\n' },
    )
  })

  it('wait-for ends once the service answers', async () => {
    const server = createServer()
    const port = await listen(server)
    server.close()
    const waiting = startCompanion('wait-for', [`tcp://127.0.0.1:${port}`], {})
    await once(waiting.stdout, 'data')
    server.listen(port, '127.0.0.1')
    assert.equal((await outcome(waiting)).code, 0)
    server.close()
  })

  it('wait-for says who did not answer when its time is over', async () => {
    const server = createServer()
    const port = await listen(server)
    server.close()
    const { code, output } = await outcome(
      startCompanion('wait-for', ['--timeout', '0', `http://127.0.0.1:${port}/`], {}),
    )
    assert.equal(code, 1)
    assert.match(output, /wait-for: http:\/\/127\.0\.0\.1:\d+\/ did not answer within 0 s: .*ECONNREFUSED/)
  })

  it('fetch brings a file whole, and refuses one with another digest', async () => {
    await using folder = await temporaryFolder()
    const server = createHttpServer((_request, response) => response.end('<h1>hello</h1>'))
    const port = await listen(server)
    const destination = join(folder.path, 'site', 'index.html')
    const url = `http://127.0.0.1:${port}/`
    assert.equal((await outcome(startCompanion('fetch', [url, destination], {}))).code, 0)
    assert.equal(await readFile(destination, 'utf8'), '<h1>hello</h1>')
    const wrong = await outcome(
      startCompanion('fetch', [url, join(folder.path, 'other')], { SHA256: 'abc', RETRY_SECONDS: '0' }),
    )
    assert.equal(wrong.code, 1)
    assert.match(wrong.output, /its sha256 is [0-9a-f]{64}, not abc/)
    server.close()
  })
})
