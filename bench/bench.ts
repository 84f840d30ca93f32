import { parseArgs } from 'node:util'
import { messageOf } from '../src/failure.ts'
import { apiRequests, apiRequestsOfMany } from './api-requests.ts'
import { fairness } from './fairness.ts'
import { fiftyPods } from './fifty-pods.ts'
import { describeMachine } from './machine.ts'
import { memory } from './memory.ts'
import { oneCommand } from './one-command.ts'
import { onePod } from './one-pod.ts'
import { podman } from './podman.ts'
import { probes } from './probes.ts'
import { pull } from './pull.ts'
import { readResults, writeResults } from './results.ts'
import { restart } from './restart.ts'
import { renderScenario } from './render.ts'
import type { Scenario } from './scenario.ts'
import { twoHundredPods } from './two-hundred-pods.ts'
import { watchFanOut } from './watch-fan-out.ts'
import { openWorkbench } from './workbench.ts'

// Measures peapod against what people would use instead. `npm run bench` runs everything, `npm run bench -- a e` only
// these, `--rounds 3` fewer rounds. Results go to results.json and RESULTS.md beside this file.

const SCENARIOS: readonly Scenario[] = [
  onePod,
  podman,
  fiftyPods,
  oneCommand,
  pull,
  memory,
  probes,
  restart,
  twoHundredPods,
  apiRequests,
  apiRequestsOfMany,
  watchFanOut,
  fairness,
]

/** As a shell counts a program that Ctrl-C ended. */
const INTERRUPTED = 130

const { positionals, values } = parseArgs({ allowPositionals: true, options: { rounds: { type: 'string' } } })
const rounds = values.rounds === undefined ? undefined : Number(values.rounds)
const wanted = SCENARIOS.filter(({ letter }) => positionals.length === 0 || positionals.includes(letter))

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    process.stderr.write('stopping: taking everything down first\n')
    stopping.abort(new Error(`stopped by ${signal}`))
  })
}

const machine = await describeMachine()
process.stdout.write(
  `${Object.entries(machine)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('')}\n`,
)
for (const scenario of wanted) {
  process.stdout.write(`(${scenario.letter}) ${scenario.title} …\n`)
  try {
    await measure(scenario)
  } catch (error) {
    if (stopping.signal.aborted) process.exit(INTERRUPTED)
    process.stderr.write(`(${scenario.letter}) failed: ${messageOf(error)}\n`)
    process.exitCode = 1
  }
}

async function measure(scenario: Scenario): Promise<void> {
  await using bench = await openWorkbench({ signal: stopping.signal, rounds })
  const result = { letter: scenario.letter, title: scenario.title, machine, outcome: await scenario.run(bench) }
  process.stdout.write(renderScenario(result))
  writeResults([...readResults().filter(({ letter }) => letter !== result.letter), result])
}
