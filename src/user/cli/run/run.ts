import { Failure } from '../../../failure.ts'
import type { PodManifest } from '../../../kube/api/parse-pod.ts'
import type { Pod } from '../../../kube/api/pod.ts'
import { openClient } from '../../client/open-client.ts'
import type { Invocation } from '../command.ts'
import { durationText } from '../duration.ts'
import { hasColours, writeText } from '../output.ts'
import { readConfig } from '../read-config.ts'
import type { RestartBackOff } from './expected-restart.ts'
import { ensureNamespaces } from './ensure-namespaces.ts'
import type { SourceManifest } from './examine-source.ts'
import { podExitCode } from './exit-code.ts'
import { jsonRunOutput } from './json-run-output.ts'
import { makeSources } from './make-sources.ts'
import { readPods } from './read-pods.ts'
import { parseReplacements } from './replace-images.ts'
import { runPod } from './run-pod.ts'
import type { RunOutput, RunResult } from './run-output.ts'
import { StopRequests, type StopReason } from './stop-requests.ts'
import { textRunOutput } from './text-run-output.ts'

/** `peapod run`: see its declaration for what it promises. */
export async function run(invocation: Invocation): Promise<number> {
  const { flags, operands, environment } = invocation
  const { stderr } = environment
  const files = [...flags.texts('filename'), ...operands]
  if (files.length === 0) throw new Failure('UsageError', 'run needs FILE...; see "peapod run --help"')
  const config = await readConfig(environment, flags.text('config'))
  const manifests = await readPods({
    files,
    replacements: [...parseReplacements(flags.texts('image')), ...config.images],
    namespace: flags.text('namespace'),
    environment,
  })
  await writeText(stderr, manifests.messages.map((message) => `${message}\n`).join(''))
  if (manifests.pods === undefined) return 1

  using requests = new StopRequests(environment)
  const output = untilClosed(openOutput(invocation, manifests.pods), requests)
  requests.onNotice = (text) => void output.notice(text).catch(() => undefined)
  const timeoutMs = flags.number('timeout')
  if (timeoutMs !== undefined) {
    requests.requestAfter(timeoutMs, `stopping: --timeout of ${durationText(timeoutMs)} is over`)
  }
  const pods = await runAll({ ...manifests, pods: manifests.pods }, { invocation, output, requests })
  const result = resultOf(pods, requests.reason)
  await output.end(result)
  return result.exitCode
}

interface Manifests {
  readonly pods: readonly PodManifest[]
  readonly sources: readonly SourceManifest[]
}

interface Running {
  readonly invocation: Invocation
  readonly output: RunOutput
  readonly requests: StopRequests
}

/** @throws the first failure, when all that was begun is taken down. */
async function runAll(
  { pods, sources }: Manifests,
  { invocation, output, requests }: Running,
): Promise<readonly Pod[]> {
  const { flags, environment } = invocation
  const backOff = backOffIn(invocation)
  const connection = await environment.machine
    .connect({
      stateDirectory: flags.stateDirectory(environment.env),
      onPullProgress: (image, step) => output.pullProgress(image, step),
      ...(backOff === undefined ? {} : { restartBackOff: backOff }),
      signal: requests.signals.stop,
    })
    .catch((error: unknown) => {
      // Stopped before there was anything to stop: whatever connecting then says, this is why.
      if (requests.reason !== undefined) return undefined
      throw error
    })
  if (connection === undefined) return []
  const client = openClient(connection.endpoint)
  try {
    if (connection.embedded) await ensureNamespaces(client, [...sources, ...pods])
    else if (backOff !== undefined) throw backOffIsTheServers(backOff)
    await using made = new AsyncDisposableStack()
    made.use(await makeSources(client, sources))
    const runs = pods.map((manifest) =>
      runPod(manifest, {
        client,
        output,
        logs: !flags.isSet('no-logs'),
        graceSeconds: flags.number('grace-period'),
        nowMs: environment.nowMs,
        backOff: backOff ?? 'normal',
        stop: requests.signals,
      }).catch((error: unknown) => {
        requests.request({ is: 'failure' })
        throw error
      }),
    )
    await Promise.allSettled(runs)
    return await Promise.all(runs)
  } finally {
    client.close()
    await connection.stop()
  }
}

function backOffIn({ flags }: Invocation): RestartBackOff | undefined {
  const wanted = flags.text('restart-backoff')
  return wanted === 'fast' || wanted === 'normal' ? wanted : undefined
}

function backOffIsTheServers(wanted: RestartBackOff): Failure {
  const flag = `--restart-backoff=${wanted}`
  return new Failure(
    'UsageError',
    `${flag}: a server runs on the state directory already; start "peapod serve" with it`,
  )
}

function openOutput({ flags, environment }: Invocation, pods: readonly PodManifest[]): RunOutput {
  const { stdout, nowMs, env } = environment
  if (flags.text('output') === 'json') return jsonRunOutput(stdout, nowMs)
  const sources = pods.flatMap(({ metadata, spec }) =>
    [...(spec.initContainers ?? []), ...spec.containers].map((container) => ({
      // The server completes a generateName with five letters: until then something as long stands in its place.
      pod: metadata.name ?? `${metadata.generateName ?? ''}.....`,
      container: container.name,
    })),
  )
  return textRunOutput({ stdout, colours: hasColours(stdout, env), sources, nowMs })
}

/** When nobody reads the output any more the pods are stopped in good order, and what they still say is let go. */
function untilClosed(output: RunOutput, requests: StopRequests): RunOutput {
  const orStop = async (writing: Promise<void>): Promise<void> => {
    try {
      await writing
    } catch (error) {
      if (requests.reason?.is === 'output-closed') return
      if (!isClosedPipe(error)) throw error
      requests.request({ is: 'output-closed' })
    }
  }
  return {
    ...output,
    lines: (source, lines) => orStop(output.lines(source, lines)),
    news: (pod, news) => orStop(output.news(pod, news)),
    notice: (text) => orStop(output.notice(text)),
    end: (result) => orStop(output.end(result)),
  }
}

function resultOf(pods: readonly Pod[], reason: StopReason | undefined): RunResult {
  const results = pods.map((pod) => ({
    pod: pod.metadata.name,
    phase: pod.status?.phase ?? 'Unknown',
    exitCode: podExitCode(pod),
  }))
  const failed = results.find((result) => result.exitCode !== 0)
  return { exitCode: reason === undefined ? (failed?.exitCode ?? 0) : stopExitCode(reason), pods: results }
}

function stopExitCode(reason: StopReason): number {
  switch (reason.is) {
    case 'interrupt':
      return reason.signal === 'SIGINT' ? 130 : 143
    case 'timeout':
      return 124
    case 'output-closed':
      return 141
    case 'failure':
      return 1
  }
}

/** The second is what every write after the first gets. */
const CLOSED: readonly unknown[] = ['EPIPE', 'ERR_STREAM_DESTROYED']

function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && CLOSED.includes(error.code)
}
