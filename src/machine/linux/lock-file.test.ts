import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { lockFile, tryLockFile } from './lock-file.ts'

describe('locks', () => {
  let root: string
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'peapod-lock-'))
  })
  after(() => rmSync(root, { recursive: true }))

  it('has one holder at a time, and releasing twice is fine', async () => {
    const path = join(root, 'one')
    const held = await tryLockFile(path)
    assert.equal(await tryLockFile(path), undefined)
    held?.release()
    held?.release()
    ;(await lockFile(path, AbortSignal.timeout(5_000))).release()
  })

  it('waits, and gives up when asked to', async () => {
    const path = join(root, 'two')
    const held = await tryLockFile(path)
    await assert.rejects(lockFile(path, AbortSignal.timeout(20)), { reason: 'Interrupted' })
    const waiting = lockFile(path, AbortSignal.timeout(5_000))
    held?.release()
    ;(await waiting).release()
  })

  it('is free once its holder was killed, even while a child of the holder lives', async () => {
    const path = join(root, 'three')
    const program = `
      const { tryLockFile } = await import(${JSON.stringify(join(import.meta.dirname, 'lock-file.ts'))})
      const { spawn } = await import('node:child_process')
      await tryLockFile(${JSON.stringify(path)})
      const child = spawn('sleep', ['30'], { detached: true, stdio: 'ignore' })
      console.log(child.pid)
      setInterval(() => {}, 1000)`
    const holder = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [pid] = (await once(holder.stdout, 'data')) as [Buffer]
    try {
      assert.equal(await tryLockFile(path), undefined)
      holder.kill('SIGKILL')
      ;(await lockFile(path, AbortSignal.timeout(5_000))).release()
    } finally {
      process.kill(Number(pid.toString()), 'SIGKILL')
    }
  })
})
