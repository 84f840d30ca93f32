const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_HOURS = 24
const YEAR_DAYS = 365

/**
 * A length of time as kubectl prints ages: `90s`, `2m30s`, `45m`, `3h20m`, `2d3h`, `300d`, `3y40d`.
 *
 * @param durationMs a little less than 0 is now, as clocks differ; more than that is `<invalid>`.
 * @see HumanDuration of k8s.io/apimachinery/pkg/util/duration
 */
export function humanDuration(durationMs: number): string {
  const seconds = Math.trunc(durationMs / SECOND_MS)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(durationMs / MINUTE_MS)
  if (minutes < 10) return twoUnits(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(durationMs / HOUR_MS)
  if (hours < 8) return twoUnits(hours, 'h', minutes % 60, 'm')
  if (hours < 2 * DAY_HOURS) return `${hours}h`
  const days = Math.floor(hours / DAY_HOURS)
  if (days < 8) return twoUnits(days, 'd', hours % DAY_HOURS, 'h')
  if (days < 2 * YEAR_DAYS) return `${days}d`
  const years = Math.floor(days / YEAR_DAYS)
  if (years < 8) return twoUnits(years, 'y', days % YEAR_DAYS, 'd')
  return `${years}y`
}

function twoUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return `${large}${largeUnit}` + (small === 0 ? '' : `${small}${smallUnit}`)
}
