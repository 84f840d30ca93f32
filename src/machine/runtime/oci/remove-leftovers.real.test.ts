import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, it } from 'node:test'
import { unlessThereIs } from '../../../../test/needs.ts'
import { cgroupProcesses, childCgroups } from '../../linux/cgroups.ts'
import { tryLockFile } from '../../linux/lock-file.ts'
import { mountsBelow } from '../../linux/mounts-below.ts'
import { removeLeftovers } from './remove-leftovers.ts'
import { makeTestMachine, type TestMachine } from './test-machine.ts'

const KILLS = 20
const CONTAINERS_AT_ONCE = 3
const LONGEST_LIFE_MS = 120

/** Locks its folder, as every program with containers does; makes, starts and removes some for as long as it lives. */
const VICTIM = `
  const { openOciRuntime, plans, options } = await import(process.argv[1]).then(async (module) => ({
    ...module, plans: JSON.parse(process.argv[2]), options: JSON.parse(process.argv[3]) }))
  const { mkdirSync } = await import('node:fs')
  const { tryLockFile } = await import(process.argv[4])
  globalThis.lock = await tryLockFile(process.argv[5])
  const runtime = await openOciRuntime(options)
  console.log('ready')
  const live = async (plan) => {
    for (;;) {
      mkdirSync(plan.directory, { recursive: true })
      await runtime.create(plan, new AbortController().signal)
      await runtime.start(plan.id)
      await runtime.remove(plan.id)
    }
  }
  await Promise.all(plans.map(live))
`

/** A program that the dead one was just starting holds the lock until it is itself: only then can it be recognized. */
async function lockOfTheDead(file: string): Promise<{ release(): void }> {
  const limitMs = Date.now() + 5_000
  for (;;) {
    const lock = await tryLockFile(file)
    if (lock !== undefined) return lock
    assert.ok(Date.now() < limitMs, `${file} is still locked`)
    await delay(1)
  }
}

describe('removeLeftovers', { skip: unlessThereIs('root', 'overlay', 'oci-runtime', 'conmon', 'busybox') }, () => {
  it(`leaves nothing of a process that was killed at any of ${KILLS} moments`, async () => {
    await using machine = makeTestMachine()
    const lockFile = join(machine.directory, 'lock')
    for (let kill = 0; kill < KILLS; kill += 1) {
      // Spread over the life of a container, and a little off, so that no step is spared.
      const lifeMs = (kill * LONGEST_LIFE_MS) / KILLS + Math.random() * 10
      const plans = Array.from({ length: CONTAINERS_AT_ONCE }, (_, number) =>
        machine.shell(`victim${number}`, "trap '' TERM; (sleep 1000 &) ; sleep 1000"),
      )
      const victim = spawn(
        process.execPath,
        [
          '--input-type=module',
          '-e',
          VICTIM,
          join(import.meta.dirname, 'open-oci-runtime.ts'),
          JSON.stringify(plans),
          JSON.stringify(machine.runtimeOptions),
          join(import.meta.dirname, '..', '..', 'linux', 'lock-file.ts'),
          lockFile,
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      )
      const ended = once(victim, 'exit')
      await once(victim.stdout, 'data')
      await delay(lifeMs)
      victim.kill('SIGKILL')
      assert.deepEqual(await ended, [null, 'SIGKILL'])
      const lock = await lockOfTheDead(lockFile)
      await removeLeftovers(kill % 2 === 0 ? machine.runtimeOptions.directory : machine.directory)
      assert.deepEqual(leftOf(machine), [], `killed after ${lifeMs} ms`)
      await removeLeftovers(machine.directory)
      lock.release()
    }
  })

  it('is content with a directory that is not there', async () => {
    await removeLeftovers('/not/there')
  })

  it('touches no container of another directory', async () => {
    await using mine = makeTestMachine()
    await using other = makeTestMachine()
    await using runtime = await other.open()
    await runtime.create(other.shell('lives', 'sleep 1000'), new AbortController().signal)
    await runtime.start('lives')
    await using dead = await mine.open()
    await dead.create(mine.shell('lives', 'sleep 1000'), new AbortController().signal)
    await removeLeftovers(mine.directory)
    assert.equal((await runtime.list())[0]?.is, 'running')
    assert.deepEqual(leftOf(mine), [])
  })
})

/** Everything of the machine that is still there: mounts, groups, processes, records. */
function leftOf(machine: TestMachine): string[] {
  const { directory } = machine.runtimeOptions
  const folders = ['records', 'exits', 'state'].map((name) => join(directory, name)).filter(existsSync)
  const hidden = ['.cache']
  return [
    ...mountsBelow(machine.directory),
    ...childCgroups(machine.cgroup),
    ...cgroupProcesses(machine.cgroup).map(String),
    ...folders.flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => !hidden.includes(name))
        .map((name) => join(folder, name)),
    ),
    ...readdirSync(join(machine.directory, 'containers'))
      .filter((name) => !name.endsWith('.log'))
      .filter((name) => readdirSync(join(machine.directory, 'containers', name)).length > 0),
    ...processesNaming(machine.directory),
  ]
}

function processesNaming(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      } catch {
        // It has just ended.
        return ''
      }
    })
    .filter((commandLine) => commandLine.includes(text))
}
