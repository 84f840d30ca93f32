const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
}

/** A Go duration such as `1m30s`, `500ms`, `1.5h` in milliseconds; undefined when it is none. */
export function parseDurationMs(text: string): number | undefined {
  if (text === '0') return 0
  if (!/^(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined
  const parts = text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g)
  return [...parts].reduce((total, [, number = '', unit = '']) => total + Number(number) * (UNITS_MS[unit] ?? 0), 0)
}

/** For people: `0.21 s`, `10 s`, `2 min 30 s`. */
export function durationText(milliseconds: number): string {
  if (milliseconds < 10_000) return `${trimZeros((milliseconds / 1_000).toFixed(2))} s`
  const seconds = Math.round(milliseconds / 1_000)
  if (seconds < 120) return `${seconds} s`
  const rest = seconds % 60
  return rest === 0 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 60)} min ${rest} s`
}

function trimZeros(decimal: string): string {
  return decimal.replace(/\.?0+$/, '')
}
