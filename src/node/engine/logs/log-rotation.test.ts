import assert from 'node:assert/strict'
import { linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { VirtualClock } from '../../../machine/runtime/fake/virtual-clock.ts'
import { rotate } from './log-model.ts'
import { LogRotation } from './log-rotation.ts'

const START_MS = Date.parse('2026-01-02T03:04:05Z')
const LIMITS = { maxBytes: 100, maxFiles: 3, maxHeldBytes: 1000 }
const SECOND_MS = 1_000
const LOOK_MS = 250

describe('LogRotation', () => {
  let folder = ''
  let clock = new VirtualClock(START_MS)
  let complaints: string[] = []
  let isDiskFull = false
  let setBackMs = 0
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'peapod-rotation-'))
    clock = new VirtualClock(START_MS)
    complaints = []
    isDiskFull = false
    setBackMs = 0
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const file = (): string => join(folder, '0.log')
  const names = (): string[] => readdirSync(folder).sort()
  const open = (): LogRotation =>
    new LogRotation({
      clock: {
        nowMs: () => clock.nowMs() - setBackMs,
        callAt: (atMs, callback) => clock.callAt(atMs + setBackMs, callback),
      },
      limits: LIMITS,
      log: (line) => complaints.push(line),
      runtime: {
        rotateLog({ keptAs }) {
          if (isDiskFull) return Promise.reject(new Error('no space left on device'))
          rmSync(keptAs, { force: true })
          rotate(file(), keptAs)
          return Promise.resolve()
        },
      },
    })
  const running = () => [{ id: 'app-0-0', logFile: file() }]
  const write = (bytes: number): void => writeFileSync(file(), 'x'.repeat(bytes))

  it('a log that is full goes on in a new file; of the old ones, so many are kept', async () => {
    const rotation = open()
    write(0)
    rotation.follow('web', running())
    for (let round = 0; round < 4; round += 1) {
      write(100)
      await clock.advance(SECOND_MS)
    }
    assert.deepEqual(names(), ['0.log', '0.log.20260102-030407', '0.log.20260102-030408'])
    assert.equal(readFileSync(file(), 'utf8'), '')
    rotation.stop()
  })

  it('one that is not full is left alone, and so is one that grows no more', async () => {
    const rotation = open()
    write(99)
    rotation.follow('web', running())
    await clock.advance(SECOND_MS)
    rotation.follow('web', [])
    write(200)
    await clock.advance(SECOND_MS)
    assert.deepEqual(names(), ['0.log'])
  })

  it('two pods have nothing to do with each other', async () => {
    const rotation = open()
    write(99)
    rotation.follow('web', running())
    rotation.follow('other', [])
    write(100)
    await clock.advance(SECOND_MS)
    assert.equal(names().length, 2)
    rotation.stop()
  })

  it('goes on with a rotation that an earlier engine was killed at', async () => {
    write(50)
    linkSync(file(), join(folder, '0.log.20260101-000000'))
    const rotation = open()
    rotation.follow('web', running())
    await clock.advance(LOOK_MS)
    assert.deepEqual(names(), ['0.log', '0.log.20260101-000000'])
    assert.equal(readFileSync(file(), 'utf8'), '')
    rotation.stop()
  })

  it('a rotation that fails is said once, and tried again each second', async () => {
    const rotation = open()
    isDiskFull = true
    write(100)
    rotation.follow('web', running())
    await clock.advance(5 * SECOND_MS)
    assert.deepEqual(complaints, ['no space left on device'])
    isDiskFull = false
    await clock.advance(SECOND_MS)
    assert.equal(names().length, 2)
    rotation.stop()
  })

  it('a clock that is set back stops nothing', async () => {
    const rotation = open()
    write(0)
    rotation.follow('web', running())
    await clock.advance(SECOND_MS)
    setBackMs = 3600 * SECOND_MS
    write(100)
    await clock.advance(SECOND_MS)
    assert.deepEqual(names(), ['0.log', '0.log.20260102-020406'])
    rotation.stop()
  })

  it('what a reader has yet to read stays until he has gone', async () => {
    const rotation = open()
    write(0)
    rotation.follow('web', running())
    const hold = rotation.hold(file())
    for (let round = 0; round < 4; round += 1) {
      write(100)
      await clock.advance(SECOND_MS)
    }
    assert.equal(names().length, 5)
    hold[Symbol.dispose]()
    assert.equal(names().length, 3)
    rotation.stop()
  })
})
