import type { OutputStream } from '../cli-environment.ts'
import { writeText } from '../output.ts'
import { textRunOutput } from '../run/text-run-output.ts'
import type { LogLine } from '../run/split-log.ts'

/** One container of one pod. */
export interface LogSource {
  readonly pod: string
  readonly container: string
}

/** Where the lines of several containers go. */
export interface LogOutput {
  lines(source: LogSource, lines: readonly LogLine[]): Promise<void>
  /** A line about a pod or a container. */
  notice(text: string): Promise<void>
  end(): Promise<void>
}

export interface LogOutputOptions {
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly colours: boolean
  readonly sources: readonly LogSource[]
  /** `names`: as `peapod run`; `full`: as kubectl's --prefix. */
  readonly prefix: 'none' | 'names' | 'full'
  readonly timestamps: boolean
  readonly nowMs: () => number
}

export function openLogOutput(options: LogOutputOptions): LogOutput {
  const output = options.prefix === 'names' ? namedOutput(options) : plainOutput(options)
  return options.timestamps ? withTimestamps(output) : output
}

function namedOutput({ stdout, colours, sources, nowMs }: LogOutputOptions): LogOutput {
  const output = textRunOutput({ stdout, colours, sources, nowMs })
  return {
    lines: (source, lines) => output.lines(source, lines),
    notice: (text) => output.notice(text),
    end: () => output.end({ exitCode: 0, pods: [] }),
  }
}

/** For programs: what is said of the containers goes to standard error. */
function plainOutput({ stdout, stderr, prefix }: LogOutputOptions): LogOutput {
  /** Whose last line is not ended yet. */
  let open: LogSource | undefined
  const endOpenLine = (): Buffer => {
    const end = open === undefined ? '' : '\n'
    open = undefined
    return Buffer.from(end)
  }
  return {
    lines(source, lines) {
      const label = Buffer.from(prefix === 'full' ? `[pod/${source.pod}/${source.container}] ` : '')
      const parts: Buffer[] = []
      for (const line of lines) {
        if (open !== source) parts.push(endOpenLine(), label)
        parts.push(line.bytes)
        open = line.partial ? source : undefined
        if (!line.partial) parts.push(Buffer.from('\n'))
      }
      return writeText(stdout, Buffer.concat(parts))
    },
    notice: (text) => writeText(stderr, `${text}\n`),
    end: () => writeText(stdout, endOpenLine()),
  }
}

function withTimestamps(output: LogOutput): LogOutput {
  /** Whose last line is not ended yet: the rest of it has no instant of its own. */
  const open = new Set<LogSource>()
  return {
    ...output,
    lines(source, lines) {
      const stamped = lines.map((line) => {
        const isBegun = open.delete(source)
        if (line.partial) open.add(source)
        return isBegun ? line : { ...line, bytes: Buffer.concat([Buffer.from(`${line.time} `), line.bytes]) }
      })
      return output.lines(source, stamped)
    },
  }
}
