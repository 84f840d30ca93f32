import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../../failure.ts'
import type { ContainerPlan } from '../container-runtime.ts'
import { type ContractExec, type ContractProgram, runtimeContract } from '../runtime-contract.ts'
import { type FakeExec, type FakeProgram, makeFakeMachine, openFakeRuntime } from './open-fake-runtime.ts'
import { VirtualClock } from './virtual-clock.ts'

const PROGRAMS: Record<ContractProgram, FakeProgram> = {
  'ends on TERM with 3': { onSignal: { exitsAfterMs: 50, exitCode: 3 } },
  'ignores TERM': { onSignal: 'ignore' },
  'ends with 7': { exitsAfterMs: 10, exitCode: 7 },
  'is not there': { failsToStart: new Failure('StartError', 'no such program') },
}

const EXECS: Record<ContractExec, FakeExec> = {
  'says hello, ends with 4': { output: 'hello\n', exitCode: 4, takesMs: 30 },
  'says hello, never ends': { output: 'hello\n', takesMs: Infinity },
  'is not there': { fails: new Failure('StartError', 'no such program') },
}
const onExec = ({ args }: { readonly args: readonly string[] }) => EXECS[args[0] as ContractExec]

runtimeContract('the fake runtime', () => {
  const clock = new VirtualClock()
  const machine = makeFakeMachine(clock, (plan) => ({
    ...PROGRAMS[plan.process.args[0] as ContractProgram],
    onExec,
  }))
  return Promise.resolve({
    open: () => Promise.resolve(openFakeRuntime(machine)),
    plan: (id, program) => planOf(id, program),
    exec: (program) => ({ args: [program] }),
    async until(holds) {
      for (let turns = 0; !(await holds()); turns += 1) {
        assert.ok(turns < 1_000, 'it never came')
        await clock.advance(10)
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  })
})

describe('VirtualClock', () => {
  it('calls back in the order of the instants, each at its own, also what is set on the way', async () => {
    const clock = new VirtualClock(0)
    const seen: [string, number][] = []
    clock.callAt(30, () => seen.push(['late', clock.nowMs()]))
    const forget = clock.callAt(20, () => seen.push(['forgotten', clock.nowMs()]))
    clock.callAt(10, () => {
      seen.push(['early', clock.nowMs()])
      clock.callAt(15, () => seen.push(['set on the way', clock.nowMs()]))
    })
    forget()
    await clock.advance(40)
    assert.deepEqual(seen, [
      ['early', 10],
      ['set on the way', 15],
      ['late', 30],
    ])
    assert.equal(clock.nowMs(), 40)
  })
})

function planOf(id: string, program: ContractProgram): ContainerPlan {
  return {
    id,
    directory: `/nowhere/${id}`,
    rootfs: { is: 'overlay', lowerDirs: ['/nowhere'], readOnly: false },
    process: {
      args: [program],
      env: [],
      workingDir: '/',
      user: { uid: 0, gid: 0, additionalGids: [] },
      oomScoreAdj: 0,
    },
    mounts: [],
    namespaces: { network: 'host' },
    cgroupPath: `/nowhere/${id}`,
    resources: {},
    security: { privileged: false, capabilities: [], noNewPrivileges: false, seccomp: 'runtime-default' },
    logFile: '/nowhere/log',
    terminal: false,
    stdin: false,
  }
}
