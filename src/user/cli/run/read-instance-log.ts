import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../../failure.ts'
import type { ContainerStatus } from '../../../kube/api/pod.ts'
import type { ApiClient } from '../../client/open-client.ts'
import type { PodLog, PodLogOptions } from '../../client/read-pod-log.ts'
import { PODS } from '../../client/resource-type.ts'
import { advance, LOG_START, skipRead, type ResumePoint } from './resume-point.ts'
import { splitLog, type LogLine } from './split-log.ts'

/** One instance of a container whose output is wanted: all of it, each line once. */
export interface WantedLog {
  readonly client: ApiClient
  readonly pod: { readonly namespace: string; readonly name: string }
  readonly container: string
  /** Its restartCount. */
  readonly instance: number
  /** Settles when the instance is known to have ended. */
  readonly over: Promise<void>
  /** Not all of it: from where the first reading begins. */
  readonly begin?: Pick<PodLogOptions, 'tailLines' | 'sinceTime' | 'sinceSeconds'>
  /** The next lines are read when it has settled. */
  readonly onLines: (lines: readonly LogLine[]) => Promise<void>
  readonly signal: AbortSignal
  /** Absent: PATIENCE. */
  readonly patience?: Patience
}

interface Patience {
  /** Before each further try, as many as there are without a new line in between. */
  readonly retryDelaysMs: readonly number[]
  /** How long after the log's end the instance's end may become known. */
  readonly endBecomesKnownMs: number
}

const PATIENCE: Patience = { retryDelaysMs: [50, 200, 500, 1_000, 2_000], endBecomesKnownMs: 500 }

/**
 * Reads one instance's output to its end. The API knows two logs of a container, the newest instance's and the one
 * before; after each opening the pod is asked which instance was the newest then, so that a quick restart
 * mixes nothing up. A broken connection is taken up where it broke.
 *
 * @throws Failure when the log stays out of reach.
 */
export async function readInstanceLog(wanted: WantedLog): Promise<void> {
  const { retryDelaysMs } = wanted.patience ?? PATIENCE
  let point = LOG_START
  const reached = (next: ResumePoint): void => {
    point = next
  }
  /** Tries in a row that brought no new line. */
  let failures = 0
  while (!isAborted(wanted.signal)) {
    const before = point
    try {
      const came = await readOnce(wanted, point, reached)
      if (came === 'previous' || (await isKnownOver(wanted))) return
      // The log ended though the container did not: a server that cuts long answers short. Ask for the rest.
    } catch (error) {
      if (isAborted(wanted.signal) || isGone(error)) return
      if (!isWorthAnotherTry(error) || (point === before && failures >= retryDelaysMs.length)) throw error
    }
    failures = point === before ? failures + 1 : 1
    const delayMs = retryDelaysMs[failures - 1] ?? retryDelaysMs.at(-1) ?? 0
    await delay(delayMs, undefined, { signal: wanted.signal }).catch(() => undefined)
  }
}

/** @returns which of the two logs held the instance. */
async function readOnce(
  wanted: WantedLog,
  point: ResumePoint,
  reached: (point: ResumePoint) => void,
): Promise<'newest' | 'previous'> {
  const { client, pod, container, instance, signal } = wanted
  const options = {
    container,
    timestamps: true,
    streamNames: true,
    signal,
    ...(point.time === '' ? wanted.begin : { sinceTime: point.time }),
  }
  {
    await using log = await client.podLog(pod, { ...options, follow: true })
    if ((await newestInstance(wanted)) <= instance) {
      await pass(log)
      return 'newest'
    }
  }
  await using log = await client.podLog(pod, { ...options, previous: true })
  await pass(log)
  return 'previous'

  async function pass(log: PodLog): Promise<void> {
    const fresh = skipRead(point)
    let at = point
    for await (const lines of splitLog(log.bytes, log)) {
      const unread = fresh(lines)
      if (unread.length === 0) continue
      await wanted.onLines(unread)
      at = advance(at, unread)
      reached(at)
    }
  }
}

async function newestInstance({ client, pod, container, instance }: WantedLog): Promise<number> {
  try {
    const { status } = await client.get(PODS, pod)
    const named = (candidate: ContainerStatus) => candidate.name === container
    const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
    return statuses.find(named)?.restartCount ?? instance
  } catch (error) {
    // Deleted meanwhile: nothing starts in it any more.
    if (isGone(error)) return instance
    throw error
  }
}

async function isKnownOver(wanted: WantedLog): Promise<boolean> {
  const waiting = new AbortController()
  const signal = AbortSignal.any([waiting.signal, wanted.signal])
  try {
    return await Promise.race([
      wanted.over.then(() => true),
      delay((wanted.patience ?? PATIENCE).endBecomesKnownMs, false, { signal }).catch(() => false),
    ])
  } finally {
    waiting.abort()
  }
}

/** The pod was deleted, and its logs with it. */
function isGone(error: unknown): boolean {
  return error instanceof Failure && error.reason === 'NotFound'
}

function isWorthAnotherTry(error: unknown): boolean {
  const passing = ['ServiceUnavailable', 'InternalError', 'BadRequest', 'TooManyRequests', 'Timeout']
  return error instanceof Failure && passing.includes(error.reason)
}

/** A call, because the compiler takes a property that was read for unchanged across an await. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}
