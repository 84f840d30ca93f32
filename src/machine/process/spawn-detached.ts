import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { Failure, messageOf } from '../../failure.ts'

/** A program that lives on when this one ends: in a session of its own, with none of our files but those named here. */
export interface DetachedProcess {
  readonly pid: number
  /** The first line that it writes to its report pipe, without the newline; what it wrote so far if it ends before. */
  readonly report: Promise<string>
  /** Settles when it has ended and is no zombie either. */
  readonly ended: Promise<void>
}

export interface DetachedOptions {
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>
  /** The variable that gets the number of its end of the report pipe. */
  readonly reportVariable: string
  /** Where it works: it must not hold, or write into, whatever folder this program was started in. */
  readonly cwd: string
  /** Takes what it writes to standard error; standard input and output are /dev/null. */
  readonly errorFile: string
}

const REPORT_FD = 3

/**
 * Starts a program that no end of ours, no Ctrl-C in our terminal and no full pipe can touch.
 *
 * @throws Failure SetupFailed when it can't be executed.
 */
export function spawnDetached(argv: readonly string[], options: DetachedOptions): DetachedProcess {
  const program = argv[0] ?? ''
  const errors = openSync(options.errorFile, 'a', 0o600)
  try {
    const child = spawn(program, argv.slice(1), {
      detached: true,
      cwd: options.cwd,
      stdio: ['ignore', 'ignore', errors, 'pipe'],
      env: { ...options.env, [options.reportVariable]: String(REPORT_FD) },
    })
    // Both are told of a failure below, where it is thrown; the event would otherwise end this program.
    let failure: unknown
    child.once('error', (error) => (failure = error))
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    if (child.pid === undefined) {
      throw new Failure('SetupFailed', `run "${program}": it can't be executed; is it installed?`, { cause: failure })
    }
    child.unref()
    return { pid: child.pid, report: firstLine(child.stdio[REPORT_FD] as Readable, program), ended }
  } finally {
    closeSync(errors)
  }
}

function firstLine(stream: Readable, program: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const finish = (settle: () => void) => {
      stream.removeAllListeners('end')
      stream.destroy()
      settle()
    }
    stream.setEncoding('utf8')
    stream.on('data', (chunk: string) => {
      text += chunk
      if (text.includes('\n')) finish(() => resolve(text.slice(0, text.indexOf('\n'))))
    })
    stream.once('end', () => finish(() => resolve(text)))
    stream.once('error', (error) =>
      finish(() =>
        reject(new Failure('SetupFailed', `read the report of "${program}": ${messageOf(error)}`, { cause: error })),
      ),
    )
  })
}
