import type { Duplex, Readable, Writable } from 'node:stream'
import type { Pod } from '../../kube/api/pod.ts'

/** What a log request asks for, checked: the container is one of the pod's. */
export interface PodLogOptions {
  readonly container: string
  /** Goes on with what is written until the container's instance is over. */
  readonly follow: boolean
  /** The instance before the newest one. */
  readonly previous: boolean
  /** Each line begins with an RFC 3339 instant and a space. */
  readonly timestamps: boolean
  /** Each line begins with `stdout` or `stderr` and a space; after its instant, if it has one. */
  readonly streamNames: boolean
  /** Only what was written there; absent: both. */
  readonly stream?: 'stdout' | 'stderr'
  /** Only so many of the last lines. */
  readonly tailLines?: number
  /** Only lines from this instant on. */
  readonly sinceMs?: number
  /** Aborts when nobody reads any more. */
  readonly signal: AbortSignal
}

/** Which streams of a program a client wants. The container is one of the pod's. */
export interface PodAttachOptions {
  readonly container: string
  readonly stdin: boolean
  readonly stdout: boolean
  /** A terminal has none of its own. */
  readonly stderr: boolean
  readonly tty: boolean
}

export interface PodExecOptions extends PodAttachOptions {
  /** The program and its arguments: at least the program. */
  readonly command: readonly string[]
}

export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

/** A program in a container, with the streams that were asked for. Each runs at its reader's pace. */
export interface RunningCommand {
  /** Ending it tells the program that nothing more comes. */
  readonly stdin: Writable | undefined
  readonly stdout: Readable | undefined
  readonly stderr: Readable | undefined
  /** Does nothing without a terminal. */
  resize(size: TerminalSize): void
  /**
   * Settles when the program has ended; undefined when it goes on without this client, or when nobody is told how it ended.
   * Rejects with Failure StartError when it could not be begun.
   */
  readonly ended: Promise<number | undefined>
  /**
   * Lets go of it: nobody reads or writes any more. A program on a terminal is told by SIGHUP, another one when it next
   * writes.
   */
  release(): void
}

/** Opens a connection to a port of a pod. @throws Failure with the words of a Kubernetes node */
export type PodDialer = (port: number) => Promise<Duplex>

/** The bytes of running pods: who runs them fills it in. */
export interface PodStreams {
  /**
   * @returns once it is known that there is a log, so that a Failure is still told as a Status.
   * @throws Failure BadRequest when the container has not started yet; NotFound for an instance that never was
   */
  log(pod: Pod, options: PodLogOptions): Promise<AsyncIterable<Uint8Array>>
  /**
   * Runs a program beside the container's own.
   *
   * @returns how to begin it, for when the client's streams are there.
   * @throws Failure NotFound when the container does not run
   */
  exec(pod: Pod, options: PodExecOptions): Promise<() => Promise<RunningCommand>>
  /** The streams of the container's own program, from now on. As `exec`. */
  attach(pod: Pod, options: PodAttachOptions): Promise<() => Promise<RunningCommand>>
  /** Ports of the pod's `localhost`. @throws Failure NotFound when it has no network on this machine */
  portForward(pod: Pod): Promise<PodDialer>
  /** Ports of the pod's own address instead. @throws Failure BadRequest when it has none on this machine */
  proxy(pod: Pod): Promise<PodDialer>
}
