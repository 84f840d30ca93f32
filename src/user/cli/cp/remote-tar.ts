import type { Readable, Writable } from 'node:stream'
import { Failure } from '../../../failure.ts'
import type { OpenEndpoint } from '../../client/endpoint.ts'
import { openCommand, type CommandWanted } from '../../client/streams/open-command.ts'

/** A program with an archive on its input or output. */
export interface RunningTar {
  readonly stdin: Writable
  readonly stdout: Readable
  /** Rejects with what the program complained of when it did not end well. */
  readonly ended: Promise<void>
  close(): void
}

/** A container that has tar. */
export interface TarContainer {
  run(command: readonly string[]): Promise<RunningTar>
  isDirectory(path: string): Promise<boolean>
}

/** So much of its complaints is told. */
const TOLD_CHARACTERS = 2_000

export class RemoteTar implements TarContainer {
  readonly #endpoint: OpenEndpoint
  readonly #where: Pick<CommandWanted, 'pod' | 'container' | 'signal'>

  constructor({
    endpoint,
    ...where
  }: Pick<CommandWanted, 'pod' | 'container' | 'signal'> & { endpoint: OpenEndpoint }) {
    this.#endpoint = endpoint
    this.#where = where
  }

  async run(command: readonly string[]): Promise<RunningTar> {
    const remote = await openCommand(this.#endpoint, { ...this.#where, is: 'exec', command, stdin: true, tty: false })
    const { stdin, stdout, stderr, exitCode } = remote
    if (stdin === undefined || stderr === undefined) throw new Error('a command without a terminal has three streams')
    let complaints = ''
    stderr.setEncoding('utf8').on('data', (text: string) => {
      if (complaints.length < TOLD_CHARACTERS) complaints += text
    })
    const ended = exitCode.then(
      (code) => {
        if (code === 0) return
        const said = complaints.trim().replaceAll('\n', '; ')
        throw new Failure(
          'InternalError',
          `${command.join(' ')} in the container ended with exit code ${code}: ${said}`,
        )
      },
      (error: unknown) => {
        throw needsTar(error)
      },
    )
    ended.catch(() => undefined)
    return { stdin, stdout, ended, close: () => remote.close() }
  }

  async isDirectory(path: string): Promise<boolean> {
    const wanted = { ...this.#where, is: 'exec', command: ['test', '-d', path], stdin: false, tty: false } as const
    const { stdout, stderr, exitCode } = await openCommand(this.#endpoint, wanted)
    stdout.resume()
    stderr?.resume()
    // What has no such program may have tar all the same.
    return (await exitCode.catch(() => undefined)) === 0
  }
}

function needsTar(error: unknown): unknown {
  if (!(error instanceof Failure) || !/executable file not found|no such file/i.test(error.message)) return error
  return new Failure(error.reason, `${error.message}; cp needs tar in the container`, { cause: error })
}
