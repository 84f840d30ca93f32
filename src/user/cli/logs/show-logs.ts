import { messageOf } from '../../../failure.ts'
import type { ApiClient } from '../../client/open-client.ts'
import type { PodLog } from '../../client/read-pod-log.ts'
import { EVENTS } from '../../client/resource-type.ts'
import { splitLog, type LogLine } from '../run/split-log.ts'
import type { ChosenLog } from './choose-logs.ts'
import { eventLine, eventTime } from './event-line.ts'
import type { LogOutput } from './log-output.ts'
import type { LogRequest } from './log-request.ts'
import { mergeByTime } from './merge-by-time.ts'

export interface LogsToShow {
  readonly client: ApiClient
  readonly logs: readonly ChosenLog[]
  readonly request: LogRequest
  readonly events: boolean
  readonly output: LogOutput
  /** A log that cannot be read: told, and passed over. */
  readonly onError: (text: string) => Promise<void>
  readonly signal: AbortSignal
}

/** Lines of one container are written together. */
const LINES_AT_ONCE = 256

/** What there is so far of several logs, in the order of time. */
export async function showLogs(wanted: LogsToShow): Promise<void> {
  const { client, logs, events, output } = wanted
  await using open = new OpenLogs()
  const sequences: { source: ChosenLog | undefined; batches: AsyncIterable<readonly LogLine[]> }[] = []
  for (const log of logs) {
    try {
      const opened = open.add(await openLog(wanted, log))
      const lines = splitLog(opened.bytes, { hasStreamNames: false })
      sequences.push({ source: log, batches: limited(lines, wanted.request.limitBytes) })
    } catch (error) {
      wanted.signal.throwIfAborted()
      await wanted.onError(messageOf(error))
    }
  }
  if (events) sequences.push({ source: undefined, batches: eventsOf(client, logs) })
  let held: LogLine[] = []
  let heldOf: ChosenLog | undefined
  const tell = async (): Promise<void> => {
    const lines = held
    held = []
    if (heldOf !== undefined) await output.lines(heldOf.source, lines)
    else for (const { bytes } of lines) await output.notice(bytes.toString('utf8'))
  }
  for await (const { source, line } of mergeByTime(sequences)) {
    if (source !== heldOf || held.length >= LINES_AT_ONCE) await tell()
    heldOf = source
    held.push(line)
  }
  await tell()
}

function openLog({ client, request, signal }: LogsToShow, { pod, source }: ChosenLog): Promise<PodLog> {
  const { namespace, name } = pod.metadata
  const { container } = source
  const options = { ...request.begin, container, timestamps: true, previous: request.previous, signal }
  return client.podLog({ namespace, name }, options)
}

/** Closes all of them. */
class OpenLogs implements AsyncDisposable {
  readonly #logs: PodLog[] = []

  add(log: PodLog): PodLog {
    this.#logs.push(log)
    return log
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const log of this.#logs) await log[Symbol.asyncDispose]()
  }
}

/** The first bytes of the text: the server would count the instants, too, which it is asked for to put lines into order. */
async function* limited(
  batches: AsyncIterable<readonly LogLine[]>,
  limit = Infinity,
): AsyncGenerator<readonly LogLine[], void, undefined> {
  let left = limit
  for await (const lines of batches) {
    const kept: LogLine[] = []
    for (const line of lines) {
      if (left <= 0) break
      kept.push({ ...line, bytes: line.bytes.subarray(0, left) })
      left -= line.bytes.length + (line.partial ? 0 : 1)
    }
    if (kept.length > 0) yield kept
    if (left <= 0) return
  }
}

/** Of all the pods, in the order of time, as lines. */
async function* eventsOf(
  client: ApiClient,
  logs: readonly ChosenLog[],
): AsyncGenerator<readonly LogLine[], void, undefined> {
  const pods = new Map(logs.map(({ pod }) => [pod.metadata.uid, pod.metadata.namespace]))
  const lists = [...pods].map(([uid, namespace]) =>
    client.list(EVENTS, { namespace, fieldSelector: `involvedObject.uid=${uid}` }),
  )
  const events = (await Promise.all(lists)).flatMap(({ items }) => items)
  const sorted = events.toSorted((one, other) => Date.parse(eventTime(one)) - Date.parse(eventTime(other)))
  yield sorted.map((event) => ({ time: eventTime(event), bytes: Buffer.from(eventLine(event)), partial: false }))
}
