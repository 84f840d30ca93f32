import type { Readable, Writable } from 'node:stream'
import type { ExecRequest } from './container-runtime.ts'

/** A program to run beside the one that a container was made for, its streams in the caller's hands. */
export interface StreamedExec extends Pick<ExecRequest, 'args' | 'env'> {
  /** The program gets a terminal, which is its input and both of its outputs. */
  readonly terminal: boolean
  /** Without it, it reads nothing. */
  readonly stdin: boolean
}

export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

/** A program that was begun in a container. Its streams wait for their readers and writers. */
export interface RunningProgram {
  /** Ending it tells the program that nothing more comes, unless it has a terminal. */
  readonly stdin: Writable | undefined
  readonly stdout: Readable
  /** A terminal has none. */
  readonly stderr: Readable | undefined
  /** Does nothing without a terminal. */
  resize(size: TerminalSize): void
  /**
   * The exit code, as a shell counts; its output may still be on the way. Rejects with Failure StartError when there is no
   * such program or it can't be executed: `details.said` has the words of the OCI runtime.
   */
  readonly ended: Promise<number>
  /**
   * Closes the streams. The program goes on: it is told by SIGHUP if it has a terminal, else by SIGPIPE when it writes.
   * Idempotent.
   */
  release(): void
}

/** The input of a container's own program. */
export interface ContainerInput {
  readonly stdin: Writable
  /** Does nothing without a terminal. */
  resize(size: TerminalSize): void
  /** Idempotent. */
  close(): void
}

/** The streams of programs in containers, beside what ContainerRuntime does. */
export interface ContainerStreams {
  /**
   * Runs a program in a running container, as its user, in its working directory and under all of its limits.
   *
   * @throws Failure NotFound when the container does not run
   */
  openExec(id: string, exec: StreamedExec): RunningProgram
  /**
   * Opens the standard input of a running container that was made with one.
   *
   * @throws Failure NotFound when the container does not run
   */
  openInput(id: string): ContainerInput
}
