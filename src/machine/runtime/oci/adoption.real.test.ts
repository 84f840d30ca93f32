import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { unlessThereIs } from '../../../../test/needs.ts'
import type { ContainerPlan } from '../container-runtime.ts'
import type { ExitedRecord } from './exit-watch.ts'
import { makeTestMachine, type TestMachine, until } from './test-machine.ts'

/** Starts containers, says so, and stays. */
const STARTER = `
  const { openOciRuntime } = await import(process.argv[1])
  const [options, plans, unstarted] = JSON.parse(process.argv[2])
  const runtime = await openOciRuntime(options)
  for (const plan of [...plans, ...unstarted]) await runtime.create(plan, new AbortController().signal)
  for (const plan of plans) await runtime.start(plan.id)
  console.log(JSON.stringify(await runtime.list()))
`

/** @returns what the runtime listed before its process was killed. */
async function startAndKill(
  machine: TestMachine,
  plans: { readonly started: ContainerPlan[]; readonly created: ContainerPlan[] },
): Promise<unknown> {
  const starter = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      STARTER,
      join(import.meta.dirname, 'open-oci-runtime.ts'),
      JSON.stringify([machine.runtimeOptions, plans.started, plans.created]),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const ended = once(starter, 'exit')
  const [said] = (await once(starter.stdout, 'data')) as [Buffer]
  starter.kill('SIGKILL')
  await ended
  return JSON.parse(said.toString('utf8'))
}

describe('after a SIGKILL', { skip: unlessThereIs('root', 'overlay', 'oci-runtime', 'conmon', 'busybox') }, () => {
  it('containers go on, are listed as they were, and their exits are told', async () => {
    await using machine = makeTestMachine()
    const gate = join(machine.directory, 'gate')
    const mounts = [{ source: machine.directory, destination: '/gate', readOnly: true }]
    const waits = 'echo before; until [ -e /gate/gate ]; do sleep 0.01; done; echo after; exit 6'
    const [running, created] = [machine.shell('running', waits, { mounts }), machine.shell('created', 'exit 8')]
    const before = await startAndKill(machine, { started: [running], created: [created] })

    await using runtime = await machine.open()
    assert.deepEqual(await runtime.list(), before)
    const heard: ExitedRecord[] = []
    runtime.onExit((record) => heard.push(record))
    writeFileSync(gate, '')
    await until(() => heard.length > 0)
    await runtime.start('created')
    await until(() => heard.length > 1)
    assert.deepEqual(
      heard.map(({ id, exitCode }) => [id, exitCode]),
      [
        ['running', 6],
        ['created', 8],
      ],
    )
    assert.equal(machine.output(running), 'before\nafter')
  })

  it('what ended while nobody looked has its true code and time, and is no news', async () => {
    await using machine = makeTestMachine()
    const plan = machine.shell('ends', 'sleep 0.2; exit 9')
    const startedMs = Date.now()
    await startAndKill(machine, { started: [plan], created: [] })
    const exitFile = join(machine.runtimeOptions.directory, 'exits', 'ends')
    await until(() => existsSync(exitFile))
    await using runtime = await machine.open()
    const heard: ExitedRecord[] = []
    runtime.onExit((record) => heard.push(record))
    const [record] = await runtime.list()
    assert.ok(record?.is === 'exited')
    assert.equal(record.exitCode, 9)
    assert.equal(record.finishedAtMs, Math.floor(statSync(exitFile).mtimeMs))
    assert.ok(record.startedAtMs >= startedMs && record.finishedAtMs >= record.startedAtMs + 190)
    await runtime.remove('ends')
    assert.deepEqual([heard, await runtime.list()], [[], []])
  })
})
