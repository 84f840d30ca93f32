import { messageOf } from '../../../failure.ts'
import { EVENTS, type PodEvent } from '../../client/resource-type.ts'
import { readInstanceLog } from '../run/read-instance-log.ts'
import type { ChosenLog } from './choose-logs.ts'
import { eventLine } from './event-line.ts'
import { isInstanceOver, nextInstance } from './next-instance.ts'
import { PodView } from './pod-view.ts'
import type { LogsToShow } from './show-logs.ts'

/**
 * Several logs as they grow, each over all instances of its container that come, until none comes any more or the pod is
 * gone. A container that has not started yet is waited for.
 */
export async function followLogs(wanted: LogsToShow): Promise<void> {
  const end = new AbortController()
  const signal = AbortSignal.any([wanted.signal, end.signal])
  const views = new Map<string, PodView>()
  for (const { pod } of wanted.logs) views.set(pod.metadata.uid, new PodView(pod))
  const watches = [...views.values()].map((view) => view.follow(wanted.client, signal))
  const events = wanted.events ? [...views.values()].map((view) => followEvents(wanted, view, signal)) : []
  let failure: { readonly error: unknown } | undefined
  const fail = (error: unknown): void => {
    failure ??= { error }
    end.abort()
  }
  const reading = wanted.logs.map(async (log) => {
    const view = views.get(log.pod.metadata.uid)
    if (view !== undefined) await followContainer({ ...wanted, signal }, log, view)
  })
  for (const one of [...reading, ...events]) one.catch(fail)
  await Promise.allSettled(reading)
  end.abort()
  await Promise.allSettled([...watches, ...events])
  wanted.signal.throwIfAborted()
  if (failure !== undefined) throw failure.error
}

async function followContainer(wanted: LogsToShow, { pod, source }: ChosenLog, view: PodView): Promise<void> {
  const { client, request, output, signal } = wanted
  const { container } = source
  const { namespace, name } = pod.metadata
  const standing = nextInstance(view.seen, container, undefined)
  for (let after: number | undefined; ;) {
    const last = after
    const instance = await view.until((seen) => nextInstance(seen, container, last))
    if (instance === undefined || instance === 'over') return
    if (last !== undefined) await output.notice(`${container} · started again (restart ${instance})`)
    const over = view.until((seen) => isInstanceOver(seen, container, instance) || undefined).then(() => undefined)
    over.catch(() => undefined)
    try {
      await readInstanceLog({
        client,
        pod: { namespace, name },
        container,
        instance,
        over,
        // What begins after the command is shown from its beginning.
        ...(instance === standing ? { begin: request.begin } : {}),
        onLines: (lines) => output.lines(source, lines),
        signal,
      })
    } catch (error) {
      if (isOutputGone(error)) throw error
      await wanted.onError(messageOf(error))
    }
    after = instance
  }
}

async function followEvents({ client, output }: LogsToShow, view: PodView, signal: AbortSignal): Promise<void> {
  const { namespace, uid } = view.seen.pod.metadata
  const options = { namespace, fieldSelector: `involvedObject.uid=${uid}`, signal }
  for await (const { type, object } of client.watch<PodEvent>(EVENTS, options)) {
    if (type !== 'DELETED') await output.notice(eventLine(object))
  }
}

/** Nobody reads what is written: there is nothing to go on for. */
function isOutputGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error
}
