import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { openExitWatch } from './exit-watch.ts'
import { containerFiles, runtimeLayout } from './runtime-layout.ts'

/** Of a process that nobody has: its start lies before the machine's. */
const DEAD = { pid: 1, startTicks: -1 }

it('what a removal that was cut short left of a record is told as lost, once', async () => {
  const layout = runtimeLayout(mkdtempSync(join(tmpdir(), 'peapod-exits-')))
  const files = containerFiles(layout, 'web')
  for (const directory of [layout.exits, files.record]) mkdirSync(directory, { recursive: true })
  const watch = openExitWatch(layout)
  try {
    writeFileSync(files.processes, JSON.stringify({ first: DEAD, conmon: DEAD }))
    writeFileSync(files.started, JSON.stringify({ atMs: 5 }))
    const told = new Promise((resolve) => watch.onExit(resolve))
    watch.look('web')
    const record = (await told) as Record<string, unknown>
    assert.deepEqual([record['id'], record['exitCode'], record['lost'], record['startedAtMs']], ['web', 255, true, 5])
  } finally {
    await watch.close()
    rmSync(layout.directory, { recursive: true })
  }
})
