import assert from 'node:assert/strict'
import {
  closeSync,
  constants,
  existsSync,
  linkSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { unlessThereIs } from '../../../../test/needs.ts'
import type { ContainerPlan, ContainerRuntime } from '../container-runtime.ts'
import { makeTestMachine, type TestMachine, until } from './test-machine.ts'

const never = new AbortController().signal
const needs = unlessThereIs('root', 'overlay', 'oci-runtime', 'conmon', 'busybox')
const WRITES_FOR_EVER = 'i=0; while [ $i -lt $COUNT ]; do echo "line $i of many"; i=$((i+1)); done'

describe('rotating the log of a real container', { skip: needs }, () => {
  const begin = async (machine: TestMachine, runtime: ContainerRuntime, script: string): Promise<ContainerPlan> => {
    const mounts = [{ source: machine.directory, destination: '/gate', readOnly: true }]
    const plan = machine.shell('writer', script, { mounts })
    await runtime.create(plan, never)
    await runtime.start('writer')
    return plan
  }
  const isOver = (runtime: ContainerRuntime) => async () => (await runtime.list())[0]?.is === 'exited'
  const waitsAtGate = 'until [ -e /gate/gate ]; do sleep 0.01; done'
  const inodeOf = (path: string) => statSync(path).ino

  it('every line is there once and whole, while it writes as fast as it can', async () => {
    await using machine = makeTestMachine()
    await using runtime = await machine.open()
    const count = 200_000
    const plan = await begin(machine, runtime, `COUNT=${count}; ${WRITES_FOR_EVER}`)
    const kept: string[] = []
    const hasEnded = isOver(runtime)
    while (!(await hasEnded())) {
      const keptAs = `${plan.logFile}.${kept.length}`
      await runtime.rotateLog({ id: 'writer', keptAs }, never)
      if (existsSync(keptAs)) kept.push(keptAs)
    }
    assert.ok(kept.length > 10, `rotated ${kept.length} times`)
    const entries = [...kept, plan.logFile].flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(0, -1))
    const text = entries
      .map((entry) => {
        const [, tag, words] = /^\S+ stdout ([FP]) (.*)$/.exec(entry) ?? assert.fail(entry)
        return tag === 'F' ? `${words}\n` : words
      })
      .join('')
    assert.equal(text, Array.from({ length: count }, (_, number) => `line ${number} of many\n`).join(''))
    assert.ok(!existsSync(`${plan.logFile}.tmp`))
  })

  it('a rotation that was cut short is seen through, whether conmon was asked or not', async () => {
    await using machine = makeTestMachine()
    await using runtime = await machine.open()
    const plan = await begin(machine, runtime, `echo first; ${waitsAtGate}; echo last`)
    await until(() => readFileSync(plan.logFile, 'utf8').includes('first'))
    const conmon = JSON.parse(
      readFileSync(join(machine.runtimeOptions.directory, 'records/writer/processes.json'), 'utf8'),
    ) as { readonly conmon: { readonly pid: number } }
    linkSync(plan.logFile, `${plan.logFile}.0`)
    await runtime.rotateLog({ id: 'writer', keptAs: `${plan.logFile}.0` }, never)
    assert.notEqual(inodeOf(plan.logFile), inodeOf(`${plan.logFile}.0`))

    process.kill(conmon.conmon.pid, 'SIGSTOP')
    linkSync(plan.logFile, `${plan.logFile}.1`)
    const control = openSync(join(plan.directory, 'ctl'), constants.O_WRONLY | constants.O_NONBLOCK)
    writeSync(control, '2 0 0\n')
    closeSync(control)
    const rotated = runtime.rotateLog({ id: 'writer', keptAs: `${plan.logFile}.1` }, never)
    process.kill(conmon.conmon.pid, 'SIGCONT')
    await rotated
    const third = inodeOf(plan.logFile)
    assert.notEqual(third, inodeOf(`${plan.logFile}.1`))

    writeFileSync(join(machine.directory, 'gate'), '')
    await until(isOver(runtime))
    assert.equal(inodeOf(plan.logFile), third, 'asked once only: the second time, what it wrote is gone')
    assert.match(readFileSync(`${plan.logFile}.0`, 'utf8'), / first\n$/)
    assert.match(readFileSync(plan.logFile, 'utf8'), / last\n$/)
  })

  it('the log of a container that has ended stays as it is, begun or not', async () => {
    await using machine = makeTestMachine()
    await using runtime = await machine.open()
    const plan = await begin(machine, runtime, 'echo all')
    await until(isOver(runtime))
    const keptAs = `${plan.logFile}.0`
    await runtime.rotateLog({ id: 'writer', keptAs }, never)
    linkSync(plan.logFile, keptAs)
    await runtime.rotateLog({ id: 'writer', keptAs }, never)
    assert.match(readFileSync(plan.logFile, 'utf8'), / all\n$/)
    assert.ok(!existsSync(keptAs) && !existsSync(`${plan.logFile}.tmp`))
  })

  it('where no new file can be made, nothing changes', async () => {
    await using machine = makeTestMachine()
    await using runtime = await machine.open()
    const plan = await begin(machine, runtime, `echo first; ${waitsAtGate}; echo last`)
    await until(() => readFileSync(plan.logFile, 'utf8').includes('first'))
    const keptAs = join(machine.directory, 'nowhere', 'kept')
    await assert.rejects(runtime.rotateLog({ id: 'writer', keptAs }, never), /rotate the log ".*": ENOENT/)
    writeFileSync(join(machine.directory, 'gate'), '')
    await until(isOver(runtime))
    assert.match(readFileSync(plan.logFile, 'utf8'), / first\n.* last\n$/)
  })
})
