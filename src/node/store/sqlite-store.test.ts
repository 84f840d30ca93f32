import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { Failure, type FailureReason } from '../../failure.ts'
import { EVENTS, PODS } from './resources.ts'
import { openSqliteStore } from './sqlite-store.ts'
import { pod, storeContract } from './store-contract.ts'
import type { Store } from './store.ts'

storeContract('the SQLite store', ({ keepChanges }) => {
  const directory = temporaryDirectory()
  const store = openSqliteStore({ path: join(directory.path, 'state.db'), keepChanges, survives: 'process-death' })
  return {
    store,
    [Symbol.asyncDispose]: async () => {
      await store.close()
      directory[Symbol.dispose]()
    },
  }
})

describe('the SQLite store keeps its state', () => {
  it('across a restart: objects, versions and what watches may ask for', async () => {
    using directory = temporaryDirectory()
    const path = join(directory.path, 'state.db')
    const before = openSqliteStore({ path })
    const kept = await before.create(PODS, pod('kept'))
    await before.create(PODS, pod('gone'))
    await before.delete(PODS, { namespace: 'test', name: 'gone' })
    await before.close()

    const after = openSqliteStore({ path })
    assert.deepEqual(after.list(PODS).items, [kept])
    assert.equal(after.resourceVersion, '3')
    assert.deepEqual(await eventsAfter(after, '1', 2), ['ADDED gone', 'DELETED gone'])
    assert.equal((await after.create(PODS, pod('new'))).metadata.resourceVersion, '4')
    await after.close()
  })

  it('in a file that grows no more once as many changes are in it as are kept', async () => {
    using directory = temporaryDirectory()
    const path = join(directory.path, 'state.db')
    const store = openSqliteStore({ path, keepChanges: 500, survives: 'process-death' })
    const sizeBytes = (): number => statSync(path).size + statSync(`${path}-wal`).size
    const use = async (rounds: number): Promise<void> => {
      for (let round = 0; round < rounds; round++) {
        const names = Array.from({ length: 10 }, (_, index) => `pod-${(round * 10 + index) % 70}`)
        await Promise.all(
          names.map((name) => store.create(PODS, pod(name, { annotations: { is: 'x'.repeat(2_000) } }))),
        )
        for (let generation = 0; generation < 5; generation++) {
          const change = { annotations: { is: 'y'.repeat(500 * generation) } }
          await Promise.all(names.map((name) => store.update(PODS, pod(name, change))))
        }
        await Promise.all(names.map((name) => store.delete(PODS, { namespace: 'test', name })))
      }
    }
    await use(30)
    const before = sizeBytes()
    await use(120)
    assert.ok(sizeBytes() < before * 1.2, `${before} bytes after 2,100 changes, ${sizeBytes()} after 10,500`)
    await store.close()
  })

  it('with older changes forgotten, on disk too, and never a version given twice', async () => {
    using directory = temporaryDirectory()
    const path = join(directory.path, 'state.db')
    const before = openSqliteStore({ path, keepChanges: 20 })
    await before.create(PODS, pod('a'))
    for (let generation = 0; generation < 200; generation++) await before.update(PODS, pod('a', { generation }))
    await before.delete(PODS, { namespace: 'test', name: 'a' })
    await before.close()

    const rows = readNumber(path, 'SELECT count(*) AS count FROM versions')
    assert.ok(rows <= 25, `${rows} rows for 20 changes`)
    const after = openSqliteStore({ path, keepChanges: 20 })
    assert.equal(after.resourceVersion, '202')
    assert.deepEqual(await eventsAfter(after, '200', 2), ['MODIFIED a', 'DELETED a'])
    await assert.rejects(eventsAfter(after, '100', 1), isFailure('Expired', /^too old resource version: 100/))
    await after.close()
  })

  it('for its owner alone, in one process at a time', async () => {
    using directory = temporaryDirectory()
    const path = join(directory.path, 'state.db')
    const store = openSqliteStore({ path })
    await store.create(PODS, pod('a'))
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.equal(statSync(`${path}-wal`).mode & 0o777, 0o600)
    assert.throws(() => openSqliteStore({ path }), isFailure('StateLocked', /another process has it open/))
    await store.close()
  })

  it('when its writer is killed at any moment: nothing that was answered is lost', async () => {
    using directory = temporaryDirectory()
    const path = join(directory.path, 'state.db')
    let answered = 0
    for (const killAfter of [1, 1_000, 3_000]) answered = await writeUntilKilled(path, answered + killAfter)
    assert.ok(answered > 3_000)
  })
})

describe('a damaged state is refused, not repaired', () => {
  const damages: [what: string, damage: (path: string) => void, message: RegExp][] = [
    ['an emptied file', (path) => truncateSync(path, 0), /the file is empty/],
    ['another file in its place', (path) => writeFileSync(path, 'hello, world, this is text'), /not a database/],
    ['a file cut in half', (path) => truncateSync(path, statSync(path).size / 2), /malformed|damaged/],
    ['a file without its last page', (path) => truncateSync(path, statSync(path).size - 4096), /malformed|damaged/],
    ['pages of zeros', (path) => overwrite(path, 8192, 40_000), /malformed|damaged/],
    [
      'an object that is no JSON',
      (path) => edit(path, `UPDATE versions SET object = '{' WHERE key = 'test/p7'`),
      /"test\/p7" of "\/pods" is damaged/,
    ],
  ]
  for (const [what, damage, message] of damages) {
    it(what, async () => {
      using directory = temporaryDirectory()
      const path = join(directory.path, 'state.db')
      await fill(path)
      damage(path)
      const original = readFileSync(path)
      assert.throws(() => openSqliteStore({ path }), isFailure('StateCorrupt', message))
      assert.deepEqual(readFileSync(path), original, 'the file is untouched')
    })
  }

  it('a log without its database', () => {
    using directory = temporaryDirectory()
    const path = join(directory.path, 'state.db')
    writeFileSync(`${path}-wal`, 'x')
    assert.throws(() => openSqliteStore({ path }), isFailure('StateCorrupt', /the file is missing/))
  })

  it('a copy that was put back works', async () => {
    using directory = temporaryDirectory()
    const path = join(directory.path, 'state.db')
    await fill(path)
    copyFileSync(path, `${path}.copy`)
    truncateSync(path, 5_000)
    assert.throws(() => openSqliteStore({ path }), isFailure('StateCorrupt', /put back a copy/))
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
    copyFileSync(`${path}.copy`, path)
    const store = openSqliteStore({ path })
    assert.equal(store.list(PODS).items.length, 50)
    await store.close()
  })
})

/** Runs a process that writes Events and says the version of each answer, kills it, and looks for what it said. */
async function writeUntilKilled(path: string, killAtVersion: number): Promise<number> {
  const writer = spawn(process.execPath, [join(import.meta.dirname, 'testdata/write-events.ts'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  let isKilled = false
  writer.stdout.setEncoding('utf8')
  for await (const chunk of writer.stdout as AsyncIterable<string>) {
    said += chunk
    if (isKilled || Number(said.trimEnd().split('\n').at(-1)) < killAtVersion) continue
    isKilled = writer.kill('SIGKILL')
  }
  // A line that was cut is not an answer.
  const answered = said.slice(0, said.lastIndexOf('\n')).split('\n')
  const store = openSqliteStore({ path })
  const kept = new Set(store.list(EVENTS).items.map((event) => event.metadata.resourceVersion))
  for (const version of answered) assert.ok(kept.has(version), `version ${version} was answered and is lost`)
  const newest = Number(store.resourceVersion)
  assert.equal(kept.size, newest, 'every write that is there is there wholly')
  await store.close()
  return newest
}

async function fill(path: string): Promise<void> {
  const store = openSqliteStore({ path })
  const annotations = { x: 'y'.repeat(900) }
  await Promise.all(Array.from({ length: 50 }, (_, index) => store.create(PODS, pod(`p${index}`, { annotations }))))
  await store.close()
}

async function eventsAfter(store: Store, fromResourceVersion: string, count: number): Promise<string[]> {
  const events: string[] = []
  const stop = new AbortController()
  for await (const event of store.watch({ resource: PODS, fromResourceVersion, signal: stop.signal })) {
    if (event.type !== 'BOOKMARK') events.push(`${event.type} ${event.object.metadata.name}`)
    if (events.length === count) stop.abort()
  }
  return events
}

function readNumber(path: string, sql: string): number {
  const database = new DatabaseSync(path, { readOnly: true })
  const row = database.prepare(sql).get()
  database.close()
  return Number(Object.values(row ?? {})[0])
}

function edit(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

function overwrite(path: string, from: number, to: number): void {
  const content = readFileSync(path)
  content.fill(0, from, to)
  writeFileSync(path, content)
}

function temporaryDirectory(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'peapod-store-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

function isFailure(reason: FailureReason, message: RegExp): (thrown: unknown) => boolean {
  return (thrown) => {
    assert.ok(thrown instanceof Failure, String(thrown))
    assert.equal(thrown.reason, reason)
    assert.match(thrown.message, message)
    return true
  }
}
