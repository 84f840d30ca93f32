/** Lines of a description: two blanks for each level, a tab between a name and its value. */
export type Rows = readonly string[]

export function row(level: number, ...cells: readonly (string | number | boolean)[]): string {
  return `${'  '.repeat(level)}${cells.join('\t')}`
}

/** `Labels:` and the like: one value a line, those after the first under the first. */
export function listed(title: string, values: Rows): Rows {
  const [first = '<none>', ...others] = values
  return [row(0, `${title}:`, first), ...others.map((value) => row(0, '', value))]
}

/** `Fri, 20 Nov 2026 09:14:47 +0000`, in the time zone of the machine. */
export function instantText(instant: string | undefined | null): string {
  const date = instant ? new Date(instant) : new Date('0001-01-01T00:00:00Z')
  const east = -date.getTimezoneOffset()
  const local = new Date(date.getTime() + east * 60_000)
  const hours = `${Math.floor(Math.abs(east) / 60)}`.padStart(2, '0')
  const minutes = `${Math.abs(east) % 60}`.padStart(2, '0')
  return local.toUTCString().replace('GMT', `${east < 0 ? '-' : '+'}${hours}${minutes}`)
}

/** Kubernetes' True and False. */
export function boolText(value: boolean | undefined): string {
  return value === true ? 'True' : 'False'
}

export function byName<T>(nameOf: (one: T) => string): (one: T, other: T) => number {
  return (one, other) => (nameOf(one) < nameOf(other) ? -1 : nameOf(one) > nameOf(other) ? 1 : 0)
}
