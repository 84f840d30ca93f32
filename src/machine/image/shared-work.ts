import { Failure } from '../../failure.ts'

/** One who waits for work that others may wait for as well. */
export interface Caller<Progress> {
  readonly onProgress?: ((progress: Progress) => void) | undefined
  readonly signal: AbortSignal
}

/** The same, for who does the work. */
export interface Audience<Progress> {
  readonly onProgress: (progress: Progress) => void
  readonly signal: AbortSignal
}

/** Does under one name once what several callers ask for at the same time. */
export interface SharedWork<Progress, Result> {
  /**
   * Joins the work of that name, or begins it. A caller that comes later hears the latest progress of each topic first.
   * The work is aborted when the last caller has gone; that one waits until it has ended.
   */
  run(name: string, caller: Caller<Progress>, work: (all: Audience<Progress>) => Promise<Result>): Promise<Result>
}

interface Job<Progress, Result> {
  readonly callers: Set<Caller<Progress>>
  readonly latest: Map<string, Progress>
  readonly stop: AbortController
  readonly result: Promise<Result>
}

/** @param topicOf progress about the same topic replaces what was said before. */
export function openSharedWork<Progress, Result>(
  topicOf: (progress: Progress) => string,
): SharedWork<Progress, Result> {
  const jobs = new Map<string, Job<Progress, Result>>()
  return { run }

  async function run(
    name: string,
    caller: Caller<Progress>,
    work: (all: Audience<Progress>) => Promise<Result>,
  ): Promise<Result> {
    if (caller.signal.aborted) throw stopped(name, caller.signal)
    const job = jobs.get(name) ?? begin(name, work)
    job.latest.forEach((progress) => caller.onProgress?.(progress))
    job.callers.add(caller)
    return waitFor(name, job, caller)
  }

  function begin(name: string, work: (all: Audience<Progress>) => Promise<Result>): Job<Progress, Result> {
    const callers = new Set<Caller<Progress>>()
    const latest = new Map<string, Progress>()
    const stop = new AbortController()
    const onProgress = (progress: Progress) => {
      latest.set(topicOf(progress), progress)
      callers.forEach((caller) => caller.onProgress?.(progress))
    }
    // Begins after the first caller has joined, so that it hears everything.
    const result = Promise.resolve().then(() => work({ onProgress, signal: stop.signal }))
    const job = { callers, latest, stop, result }
    jobs.set(name, job)
    const forget = () => {
      if (jobs.get(name) === job) jobs.delete(name)
    }
    result.then(forget, forget)
    return job
  }

  async function waitFor(name: string, job: Job<Progress, Result>, caller: Caller<Progress>): Promise<Result> {
    const leaving = Promise.withResolvers<never>()
    const leave = () => {
      job.callers.delete(caller)
      if (job.callers.size > 0) {
        leaving.reject(stopped(name, caller.signal))
        return
      }
      // Nobody may join what is being stopped.
      if (jobs.get(name) === job) jobs.delete(name)
      job.stop.abort(caller.signal.reason)
    }
    caller.signal.addEventListener('abort', leave, { once: true })
    try {
      return await Promise.race([job.result, leaving.promise])
    } finally {
      caller.signal.removeEventListener('abort', leave)
      job.callers.delete(caller)
    }
  }
}

function stopped(name: string, signal: AbortSignal): Failure {
  return new Failure('Interrupted', `${name}: stopped before its end`, { cause: signal.reason })
}
