import { Failure } from '../../../failure.ts'
import type { Pod } from '../../../kube/api/pod.ts'
import { whyWaiting } from '../../../kube/api/waiting/why-waiting.ts'
import { durationText } from '../duration.ts'
import type { Invocation } from '../command.ts'
import { withInterrupt } from '../interrupt.ts'
import { placeObjects } from '../objects/place-objects.ts'
import { readObjects } from '../objects/read-objects.ts'
import { openCluster, type Cluster } from '../open-cluster.ts'
import { hasColours, writeText } from '../output.ts'
import { applyObject, type AppliedObject } from './apply-object.ts'
import { awaitPods, type PodOutcome } from './await-pods.ts'
import { liveUpOutput } from './live-up-output.ts'
import { jsonUpOutput, plainUpOutput } from './plain-up-output.ts'
import type { UpOutput } from './up-output.ts'

const TIMEOUT_EXIT_CODE = 124
const DEFAULT_TIMEOUT_MS = 300_000

/** `peapod up`: see its declaration for what it promises. */
export async function up(invocation: Invocation): Promise<number> {
  const { flags, operands, environment } = invocation
  const files = [...flags.texts('filename'), ...operands]
  if (files.length === 0) throw new Failure('UsageError', 'up needs -f FILE; see "peapod up --help"')
  const { problems, objects } = await readObjects(files, environment)
  await writeText(environment.stderr, problems.map((problem) => `${problem}\n`).join(''))
  if (problems.length > 0) return 1
  const output = openOutput(invocation)
  using cluster = await openCluster(invocation)
  return await withInterrupt(environment, async (signal) => {
    const placed = await placeObjects(objects, cluster)
    const applied: AppliedObject[] = []
    const dryRun = flags.text('dry-run') === 'server'
    const force = flags.isSet('force-conflicts')
    for (const object of placed) {
      signal.throwIfAborted()
      applied.push(await applyObject(object, { client: cluster.client, force, dryRun, signal }))
      output.applied(applied.at(-1) as AppliedObject, dryRun)
    }
    if (dryRun || flags.isSet('no-wait')) {
      await output.end([], 0)
      return 0
    }
    return waitUntilUp(applied, { invocation, cluster, output, signal })
  })
}

interface End {
  readonly timeoutMs: number
  readonly exitCode: number
  readonly nowMs: number
}

interface Waiting {
  readonly invocation: Invocation
  readonly cluster: Cluster
  readonly output: UpOutput
  readonly signal: AbortSignal
}

async function waitUntilUp(applied: readonly AppliedObject[], waiting: Waiting): Promise<number> {
  const { invocation, cluster, output, signal } = waiting
  const { flags, environment } = invocation
  const timeoutMs = flags.number('timeout') ?? DEFAULT_TIMEOUT_MS
  const timeout = timeoutMs === 0 ? [] : [AbortSignal.timeout(timeoutMs)]
  const pods = applied
    .filter(({ type }) => type.kind === 'Pod' && type.apiVersion === 'v1')
    .map(({ object, is }) => ({ pod: object as Pod, isNew: is === 'created' }))
  const outcomes = await awaitPods(pods, {
    client: cluster.client,
    onNews: (pod, news) => output.news(pod, news),
    nowMs: environment.nowMs,
    signal: AbortSignal.any([signal, ...timeout]),
  })
  signal.throwIfAborted()
  const exitCode = exitCodeOf(outcomes)
  await output.end(outcomes, exitCode)
  const end = { timeoutMs, exitCode, nowMs: environment.nowMs() }
  await writeText(environment.stderr, outcomes.map((outcome) => complaint(outcome, end)).join(''))
  return exitCode
}

function exitCodeOf(outcomes: readonly PodOutcome[]): number {
  const verdicts = outcomes.map(({ verdict }) => verdict.is)
  if (verdicts.includes('failed')) return 1
  return verdicts.includes('waiting') ? TIMEOUT_EXIT_CODE : 0
}

function complaint({ pod, verdict }: PodOutcome, { timeoutMs, exitCode, nowMs }: End): string {
  const name = JSON.stringify(pod.metadata.name)
  if (verdict.is === 'failed') return `peapod: pod ${name} is not up: ${verdict.why.trim()}\n`
  if (verdict.is === 'up' || exitCode !== TIMEOUT_EXIT_CODE) return ''
  // Events may tell more.
  const { says } = whyWaiting(pod, [], nowMs)
  return `peapod: pod ${name} is not up after ${durationText(timeoutMs)}: it ${says}; see "peapod why ${pod.metadata.name}"\n`
}

function openOutput({ flags, environment }: Invocation): UpOutput {
  const { stdout, nowMs, env } = environment
  if (flags.text('output') === 'json') return jsonUpOutput({ stdout, nowMs })
  const colours = hasColours(stdout, env)
  return stdout.isTTY === true ? liveUpOutput({ stdout, colours }) : plainUpOutput({ stdout, colours })
}
