import { Failure } from '../../../failure.ts'
import type { Invocation } from '../command.ts'
import { withInterrupt } from '../interrupt.ts'
import { openCluster, type Cluster } from '../open-cluster.ts'
import { hasColours, writeText } from '../output.ts'
import { chooseLogs, type ChosenLog } from './choose-logs.ts'
import { followLogs } from './follow-logs.ts'
import { openLogOutput, type LogOutputOptions } from './log-output.ts'
import { readLogRequest, type LogRequest } from './log-request.ts'
import { showLogs } from './show-logs.ts'

/** At once, as kubectl. */
const MOST_FOLLOWED = 5

/** `peapod logs`: see its declaration for what it promises. */
export async function logs(invocation: Invocation): Promise<number> {
  const { flags, environment } = invocation
  const request = readLogRequest(flags)
  // The instance before is over: there is nothing to follow.
  const isFollowed = flags.isSet('follow') && !request.previous
  using cluster = await openCluster(invocation)
  const { logs: chosen, notices } = await chooseLogs(cluster, invocation)
  await writeText(environment.stderr, notices.map((notice) => `${notice}\n`).join(''))
  const most = flags.number('max-log-requests') ?? MOST_FOLLOWED
  if (isFollowed && chosen.length > most) {
    const what = `follow ${chosen.length} logs at once: at most ${most} are allowed`
    throw new Failure('UsageError', `${what}; raise it with --max-log-requests`)
  }
  const asked = { invocation, cluster, request, isFollowed }
  try {
    return await withInterrupt(environment, (signal) => show(chosen, { ...asked, signal }))
  } catch (error) {
    // To follow ends with Ctrl-C: there is nothing to say of it.
    const signal = error instanceof Failure ? error.details?.['signal'] : undefined
    if (!isFollowed || signal === undefined) throw error
    return signal === 'SIGTERM' ? 143 : 130
  }
}

interface AskedLogs {
  readonly invocation: Invocation
  readonly cluster: Cluster
  readonly request: LogRequest
  readonly isFollowed: boolean
  readonly signal: AbortSignal
}

async function show(chosen: readonly ChosenLog[], asked: AskedLogs): Promise<number> {
  const { invocation, cluster, request, isFollowed, signal } = asked
  const { flags, environment } = invocation
  const prefix = prefixOf(chosen, invocation)
  const [single] = chosen
  const isPlain = !isFollowed && chosen.length === 1 && prefix === 'none' && !flags.isSet('events')
  if (single !== undefined && isPlain) {
    await copyLog(single, asked)
    return 0
  }
  const { stdout, stderr, env, nowMs } = environment
  const output = openLogOutput({
    stdout,
    stderr,
    colours: hasColours(stdout, env),
    sources: chosen.map(({ source }) => source),
    prefix,
    timestamps: flags.isSet('timestamps'),
    nowMs,
  })
  let exitCode = 0
  const wanted = {
    client: cluster.client,
    logs: chosen,
    request,
    events: flags.isSet('events'),
    output,
    // The others are shown all the same.
    onError: async (text: string) => {
      if (!flags.isSet('ignore-errors')) exitCode = 1
      await writeText(stderr, `peapod: ${text}\n`)
    },
    signal,
  }
  await (isFollowed ? followLogs(wanted) : showLogs(wanted))
  await output.end()
  return exitCode
}

/** One log that there is already: every byte as it is. */
async function copyLog({ pod, source }: ChosenLog, { invocation, cluster, request, signal }: AskedLogs): Promise<void> {
  const { begin, limitBytes, previous } = request
  const { namespace, name } = pod.metadata
  await using log = await cluster.client.podLog(
    { namespace, name },
    {
      ...begin,
      ...(limitBytes === undefined ? {} : { limitBytes }),
      container: source.container,
      previous,
      timestamps: invocation.flags.isSet('timestamps'),
      signal,
    },
  )
  for await (const chunk of log.bytes) await writeText(invocation.environment.stdout, chunk)
}

function prefixOf(chosen: readonly ChosenLog[], { flags }: Invocation): LogOutputOptions['prefix'] {
  if (flags.isSet('prefix')) return 'full'
  if (flags.isSet('no-prefix')) return 'none'
  return chosen.length > 1 || flags.isSet('events') ? 'names' : 'none'
}
