import { join } from 'node:path'

/** The files of one runtime instance, all below its directory. */
export interface RuntimeLayout {
  readonly directory: string
  /** The OCI runtime's own state: `<id>/state.json` or `<id>/status`, and `<id>/exec.fifo` until a container starts. */
  readonly stateRoot: string
  /** conmon writes the exit code of a container here, as a file named after it. */
  readonly exits: string
  readonly records: string
}

/** What is remembered of one container: enough to find and remove all of it, by whoever comes later. */
export interface ContainerFiles {
  readonly record: string
  /** The plan, written before anything else is made. */
  readonly plan: string
  /** Which processes it is made of, written once they are there. */
  readonly processes: string
  /** When it was let run: see RecordedStart. */
  readonly started: string
  readonly pidFile: string
  /** Present after the kernel killed one of its processes for want of memory. */
  readonly outOfMemory: string
  /** What conmon itself had to complain about. */
  readonly complaints: string
  readonly exit: string
  readonly state: string
  readonly startFifo: string
}

export function runtimeLayout(directory: string): RuntimeLayout {
  return {
    directory,
    stateRoot: join(directory, 'state'),
    exits: join(directory, 'exits'),
    records: join(directory, 'records'),
  }
}

export function containerFiles(layout: RuntimeLayout, id: string): ContainerFiles {
  const record = join(layout.records, id)
  const state = join(layout.stateRoot, id)
  return {
    record,
    plan: join(record, 'plan.json'),
    processes: join(record, 'processes.json'),
    started: join(record, 'started'),
    pidFile: join(record, 'pid'),
    outOfMemory: join(record, 'oom'),
    complaints: join(record, 'conmon.log'),
    exit: join(layout.exits, id),
    state,
    startFifo: join(state, 'exec.fifo'),
  }
}
