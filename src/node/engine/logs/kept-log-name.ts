/** Of what was kept of a log when it was rotated: the second of that, in UTC, and how many there were of it before. */
const AGE = /^(\d{8}-\d{6})(?:-(\d+))?(?:\.rest)?$/
/** Of a file that was removed: the pieces of its last lines, which go on in the next file. */
const REST = '.rest'

/**
 * The name of what is kept of a log that is rotated now, as the kubelet has it: `0.log.20260102-150405`. Where there is one
 * of that second, or of a later one since the clock was set back, it gets a number: `0.log.20260102-150405-001`.
 *
 * @param kept the names of what was kept before, oldest first.
 */
export function keptLogName(log: string, kept: readonly string[], nowMs: number): string {
  const second = new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')
  const newest = ageOf(log, kept.at(-1) ?? '')
  if (newest === undefined || newest.second < second) return `${log}.${second}`
  return `${log}.${newest.second}-${String(newest.number + 1).padStart(3, '0')}`
}

/** The name of what is left of a file, so that the lines that go on in the next one have their beginnings. */
export function restName(kept: string): string {
  return `${kept}${REST}`
}

export function isRestName(name: string): boolean {
  return name.endsWith(REST)
}

/** @returns those of the names in a folder that keep a part of the log, oldest first. */
export function keptLogNames(log: string, names: readonly string[]): string[] {
  return names
    .filter((name) => !isRestName(name) || !names.includes(name.slice(0, -REST.length)))
    .map((name) => ({ name, ...ageOf(log, name) }))
    .filter(({ second }) => second !== undefined)
    .sort((one, other) => compare(one.second, other.second) || (one.number ?? 0) - (other.number ?? 0))
    .map(({ name }) => name)
}

function ageOf(log: string, name: string): { readonly second: string; readonly number: number } | undefined {
  if (!name.startsWith(`${log}.`)) return undefined
  const [, second, number = '0'] = AGE.exec(name.slice(log.length + 1)) ?? []
  return second === undefined ? undefined : { second, number: Number(number) }
}

function compare(one = '', other = ''): number {
  return one < other ? -1 : Number(one > other)
}
