import { unlessThereIs } from '../../../../test/needs.ts'
import { type ContractExec, type ContractProgram, runtimeContract } from '../runtime-contract.ts'
import { makeTestMachine, until } from './test-machine.ts'

const SCRIPTS: Record<ContractProgram, string> = {
  'ends on TERM with 3': "trap 'exit 3' TERM; while :; do sleep 0.01; done",
  'ignores TERM': "trap '' TERM; while :; do sleep 1; done",
  'ends with 7': 'exit 7',
  'is not there': '',
}

const EXECS: Record<ContractExec, string[]> = {
  'says hello, ends with 4': ['/bin/sh', '-c', 'echo hello; exit 4'],
  'says hello, never ends': ['/bin/sh', '-c', 'echo hello; sleep 1000'],
  'is not there': ['/bin/not-there'],
}

runtimeContract(
  'crun or runc under conmon',
  () => {
    const machine = makeTestMachine()
    return Promise.resolve({
      open: () => machine.open(),
      plan(id, program) {
        const plan = machine.shell(id, SCRIPTS[program])
        if (program !== 'is not there') return plan
        return { ...plan, process: { ...plan.process, args: ['/bin/not-there'] } }
      },
      exec: (program) => ({ args: EXECS[program] }),
      until,
      [Symbol.asyncDispose]: () => machine[Symbol.asyncDispose](),
    })
  },
  unlessThereIs('root', 'overlay', 'oci-runtime', 'conmon', 'busybox'),
)
