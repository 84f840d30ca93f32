import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseCapabilities, parseMostOpenFiles } from './observe-machine.ts'
import { parseKills } from './out-of-memory.ts'
import { buildProbeProgram } from './probe-program.ts'
import { identityOf, isAlive, parseIdentity } from './process-identity.ts'

describe('what the kernel says about a process', () => {
  const stat = (name: string, state: string) =>
    `4711 (${name}) ${state} 1 4711 4711 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 815 1000 1 18446744073709551615`

  it('its start, whatever its name', () => {
    for (const name of ['sh', 'a b', ') Z 0 (', 'x) S 1']) {
      assert.deepEqual(parseIdentity(4711, stat(name, 'S')), { pid: 4711, startTicks: 815 })
    }
  })

  it('a zombie has ended', () => {
    assert.equal(parseIdentity(4711, stat('sh', 'Z')), undefined)
  })

  it('a number that was given to another process is not the same process', () => {
    const self = identityOf(process.pid)
    assert.ok(self !== undefined && isAlive(self))
    assert.equal(isAlive({ ...self, startTicks: self.startTicks - 1 }), false)
    assert.equal(identityOf(0), undefined)
  })
})

describe('what the kernel says about limits', () => {
  it('capabilities by number', () => {
    assert.deepEqual(parseCapabilities('CapBnd:\t0000000000200001\n'), ['CAP_CHOWN', 'CAP_SYS_ADMIN'])
    assert.equal(parseCapabilities('CapBnd:\t000001ffffffffff\n').length, 41)
    assert.equal(parseCapabilities('CapBnd:\t000001ffffffffff\n').at(-1), 'CAP_CHECKPOINT_RESTORE')
  })

  it('open files', () => {
    assert.equal(
      parseMostOpenFiles('Max open files            1024                 20000                files     \n'),
      20_000,
    )
    assert.equal(
      parseMostOpenFiles('Max open files            1024                 unlimited            files     \n'),
      Infinity,
    )
  })

  it('OOM kills, in both versions of cgroups', () => {
    assert.equal(parseKills('low 0\nhigh 0\nmax 12\noom 1\noom_kill 2\noom_group_kill 0\n'), 2)
    assert.equal(parseKills('oom_kill_disable 0\nunder_oom 0\noom_kill 1\n'), 1)
    assert.equal(parseKills('oom_kill_disable 0\nunder_oom 0\n'), 0)
  })
})

describe('buildProbeProgram', () => {
  it('runs, and ends with 0', { skip: buildProbeProgram(process.arch) === undefined && 'unknown processor' }, () => {
    const directory = mkdtempSync(join(tmpdir(), 'peapod-probe-program-'))
    try {
      const path = join(directory, 'exit')
      writeFileSync(path, buildProbeProgram(process.arch) ?? '', { mode: 0o755 })
      assert.equal(execFileSync(path).length, 0)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
