import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { unlessThereIs } from '../../../../test/needs.ts'
import { checkRuntime } from './check-runtime.ts'
import { chooseRuntime } from './choose-runtime.ts'

describe('choosing a runtime', { skip: unlessThereIs('root', 'oci-runtime', 'conmon') }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'peapod-choose-'))
  after(() => rmSync(directory, { recursive: true }))
  const memoryFile = join(directory, 'run', 'answer.json')
  const calls = join(directory, 'calls')

  /** A program in a runtime's place that counts how often it is run. */
  const stub = (name: string, exit: string): string => {
    const path = join(directory, name)
    writeFileSync(path, `#!/bin/sh\necho ${name} >> ${calls}\n${exit}\n`, { mode: 0o755 })
    return path
  }
  const called = (): string[] => {
    const lines = readFileSync(calls, 'utf8').trim().split('\n')
    rmSync(calls)
    return lines
  }

  it('one of the real ones works here', async () => {
    const chosen = await chooseRuntime({ memoryFile: join(directory, 'real.json') })
    assert.match(chosen.runtimeProgram, /\/(crun|runc)$/)
    assert.match(chosen.why, new RegExp(`${chosen.runtimeKind} works$`))
    assert.match(chosen.conmonProgram, /\/conmon$/)
  })

  it('takes runc where crun fails, says why, and asks again only when a program has changed', async () => {
    const crun = stub('crun', 'echo "no cgroups for crun" >&2; exit 1')
    const runc = stub('runc', 'exit 0')
    const programs = { crun, runc, conmon: '/bin/sh' }
    const first = await chooseRuntime({ programs, memoryFile })
    const why = 'crun does not work here: no cgroups for crun; runc works'
    assert.deepEqual(first, { runtimeProgram: runc, runtimeKind: 'runc', conmonProgram: '/bin/sh', why })
    assert.deepEqual(called(), ['crun', 'runc'])
    assert.deepEqual(await chooseRuntime({ programs, memoryFile }), first)
    assert.throws(called, /ENOENT/)
    stub('crun', 'exit 0')
    utimesSync(crun, 1, 1)
    assert.equal((await chooseRuntime({ programs, memoryFile })).runtimeKind, 'crun')
    writeFileSync(memoryFile, '{"key":')
    assert.equal((await chooseRuntime({ programs, memoryFile })).runtimeKind, 'crun')
    assert.deepEqual(called(), ['crun', 'crun'])
  })

  it('says what is missing, and what does not work', async () => {
    const none = { crun: '/not/there', runc: '/not/there' }
    const broken = { crun: stub('broken', 'echo "cannot do that"; exit 3'), runc: '/not/there' }
    await assert.rejects(chooseRuntime({ programs: none, memoryFile }), {
      reason: 'RuntimeMissing',
      message: /^find crun or runc: not in .*; install/,
    })
    await assert.rejects(chooseRuntime({ programs: { conmon: '/not/there' }, memoryFile }), {
      reason: 'RuntimeMissing',
    })
    await assert.rejects(chooseRuntime({ programs: broken, memoryFile }), {
      reason: 'RuntimeFailed',
      message: 'run a container: crun does not work here: cannot do that',
    })
    const checks = await checkRuntime({ programs: { ...broken, conmon: '/not/there' }, memoryFile })
    assert.deepEqual(
      checks.map(({ name, is }) => [name, is]),
      [
        ['OCI runtime', 'missing'],
        ['conmon', 'missing'],
      ],
    )
    assert.ok(checks.every(({ remedy }) => remedy?.startsWith('apt-get install ')))
  })
})
