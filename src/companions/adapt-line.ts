/** One log line in the common format that the adapter puts out. */
export interface AdaptedLine {
  /** RFC 3339, when the line tells. */
  readonly time?: string
  readonly level: string
  readonly source: string
  readonly message: string
}

type Fields = Omit<AdaptedLine, 'source'>

/** @param source names the program that wrote the line. */
export function adaptLine(line: string, source: string): AdaptedLine {
  const { time, level, message } = fromJson(line) ??
    fromWebServer(line) ??
    fromLogfmt(line) ??
    fromPlain(line) ?? { level: 'unknown', message: line }
  return { ...(time === undefined ? {} : { time }), level, source, message }
}

function fromJson(line: string): Fields | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return fromNames(JSON.parse(line) as Record<string, unknown>)
  } catch {
    return undefined
  }
}

/** `10.0.0.1 - - [20/Nov/2026:10:37:09 +0000] "GET / HTTP/1.1" 200 12`, and what the combined format adds. */
const WEB_SERVER = /^(\S+) \S+ \S+ \[([^\]]+)\] "([^"]*)" (\d{3}) (\d+|-)/
const WEB_SERVER_TIME = /^(\d{2})\/(\w{3})\/(\d{4}):(\d{2}:\d{2}:\d{2}) ([+-]\d{4})$/

function fromWebServer(line: string): Fields | undefined {
  const [, client, time = '', request, status = ''] = WEB_SERVER.exec(line) ?? []
  if (client === undefined) return undefined
  const [, day, month, year, clock, zone] = WEB_SERVER_TIME.exec(time) ?? []
  const level = status.startsWith('5') ? 'error' : status.startsWith('4') ? 'warning' : 'info'
  return {
    ...timeOf(day === undefined ? undefined : `${day} ${month} ${year} ${clock} ${zone}`),
    level,
    message: `${request} → ${status} from ${client}`,
  }
}

const PAIR = /([\w.-]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))/g

function fromLogfmt(line: string): Fields | undefined {
  const pairs = [...line.matchAll(PAIR)].map(([, name = '', quoted, bare]) => [name, quoted ?? bare ?? ''] as const)
  const names = Object.fromEntries(pairs)
  return 'msg' in names || 'message' in names ? fromNames(names) : undefined
}

const PLAIN = /^(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}\S*)\s+\[?([A-Za-z]+)\]?:?\s+(.*)$/

function fromPlain(line: string): Fields | undefined {
  const [, time, level, message] = PLAIN.exec(line) ?? []
  if (level === undefined || message === undefined) return undefined
  return { ...timeOf(time), level: canonicalLevel(level), message }
}

function fromNames(names: Readonly<Record<string, unknown>>): Fields {
  const message = names['msg'] ?? names['message']
  return {
    ...timeOf(names['time'] ?? names['ts'] ?? names['timestamp']),
    level: canonicalLevel(textOf(names['level'] ?? names['severity'] ?? 'info')),
    message: textOf(message ?? names),
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function canonicalLevel(level: string): string {
  const lower = level.toLowerCase()
  return lower === 'warn' ? 'warning' : lower === 'err' ? 'error' : lower
}

/** @param time seconds or milliseconds since 1970, or any text that Date understands. */
function timeOf(time: unknown): { time?: string } {
  if (time === undefined || time === null) return {}
  const date = new Date(typeof time === 'number' ? (time < 1e11 ? time * 1000 : time) : textOf(time))
  return Number.isNaN(date.getTime()) ? {} : { time: date.toISOString() }
}
