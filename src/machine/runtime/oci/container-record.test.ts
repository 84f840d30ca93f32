import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { observeContainer } from './container-record.ts'
import { containerFiles, runtimeLayout } from './runtime-layout.ts'

const STARTED_MS = 1_700_000_000_000
/** What runc 1.1 leaves behind. */
const GASP = '2026-11-20T14:07:51.610539139+00:00 stderr F write exec fifo /proc/self/fd/5: broken pipe\n'
const SAID = '2026-11-20T14:07:51.610539139+00:00 stderr F no such table\n'

describe('a container that has ended', () => {
  const table: readonly [rule: string, left: { log: string; exit: string; fifo: boolean }, startedAtMs: number][] = [
    ['ran when its fifo is gone', { log: SAID, exit: '1', fifo: false }, STARTED_MS],
    ['ran when whoever let it run was killed right after it', { log: SAID, exit: '1', fifo: true }, STARTED_MS],
    ['never ran when he was killed at the go-ahead itself', { log: GASP, exit: '1', fifo: true }, 0],
    ['ran when it says more than that', { log: SAID + GASP, exit: '1', fifo: true }, STARTED_MS],
    ['ran when nobody saw how it ended', { log: GASP, exit: '', fifo: true }, STARTED_MS],
    ['ran when it ended in another way', { log: GASP, exit: '0', fifo: true }, STARTED_MS],
  ]
  for (const [rule, { log, exit, fifo }, startedAtMs] of table) {
    it(rule, () => {
      const directory = mkdtempSync(join(tmpdir(), 'peapod-record-'))
      try {
        const layout = runtimeLayout(directory)
        const files = containerFiles(layout, 'web')
        for (const folder of [files.record, files.state, layout.exits]) mkdirSync(folder, { recursive: true })
        const logFile = join(directory, '0.log')
        writeFileSync(logFile, log)
        writeFileSync(files.plan, JSON.stringify({ id: 'web', directory, cgroupPath: '/nowhere/web', logFile }))
        const identity = { pid: 0, startTicks: 0 }
        writeFileSync(files.processes, JSON.stringify({ first: identity, conmon: identity }))
        writeFileSync(files.started, JSON.stringify({ atMs: STARTED_MS, waiting: '1:1' }))
        writeFileSync(files.exit, exit)
        if (fifo) writeFileSync(files.startFifo, '')
        const record = observeContainer(layout, 'web')
        assert.ok(record?.is === 'exited')
        assert.equal(record.startedAtMs, startedAtMs)
        const [exitCode, lost] = exit === '' ? [255, true] : [Number(exit), undefined]
        assert.deepEqual([record.exitCode, record.lost], [exitCode, lost])
      } finally {
        rmSync(directory, { recursive: true })
      }
    })
  }
})
