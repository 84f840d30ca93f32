/** One family of Prometheus' text format. */
export interface ParsedFamily {
  readonly type: string
  readonly help: string
  readonly samples: readonly ParsedSample[]
}

export interface ParsedSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y
const NUMBER = /^[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)$|^NaN$/

/**
 * Reads metrics as strictly as the format allows: each family once and in one piece, HELP and TYPE before its samples, no
 * sample twice, histograms whose buckets grow and end with all.
 *
 * @throws Error for the first line that is wrong
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export function parseMetrics(text: string): ReadonlyMap<string, ParsedFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  const families = new Map<string, { type: string; help: string; samples: ParsedSample[] }>()
  const seen = new Set<string>()
  let current = ''
  let help: { name: string; text: string } | undefined
  for (const line of text.slice(0, -1).split('\n')) {
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? []
    if (word === 'HELP') {
      if (!NAME.test(name) || families.has(name)) throw new Error(`a family again, or no name: ${line}`)
      help = { name, text: rest }
    } else if (word === 'TYPE') {
      if (help?.name !== name || !['counter', 'gauge', 'histogram'].includes(rest)) throw new Error(`no type: ${line}`)
      families.set(name, { type: rest, help: help.text, samples: [] })
      current = name
    } else {
      const sample = parseSample(line)
      const family = families.get(current)
      if (family === undefined || !belongs(sample.name, current, family.type)) throw new Error(`whose is it: ${line}`)
      const key = line.slice(0, line.lastIndexOf(' '))
      if (seen.has(key)) throw new Error(`told twice: ${line}`)
      seen.add(key)
      family.samples.push(sample)
    }
  }
  for (const [name, { type, samples }] of families) if (type === 'histogram') checkHistogram(name, samples)
  return families
}

function parseSample(line: string): ParsedSample {
  const [, name, labelText = '', number = ''] = SAMPLE.exec(line) ?? []
  if (name === undefined || !NUMBER.test(number)) throw new Error(`no sample: ${line}`)
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < labelText.length) {
    const [, key, value = ''] = LABEL.exec(labelText) ?? []
    if (key === undefined || key in labels) throw new Error(`no labels: ${line}`)
    labels[key] = value.replace(/\\(.)/g, (_all, escaped: string) => (escaped === 'n' ? '\n' : escaped))
  }
  return { name, labels, value: Number(number.replace('Inf', 'Infinity')) }
}

function belongs(sample: string, family: string, type: string): boolean {
  return type === 'histogram' ? ['_bucket', '_sum', '_count'].some((end) => sample === family + end) : sample === family
}

function checkHistogram(name: string, samples: readonly ParsedSample[]): void {
  const series = Map.groupBy(samples, ({ labels }) => JSON.stringify({ ...labels, le: undefined }))
  for (const [labels, ofSeries] of series) {
    const buckets = ofSeries.filter((sample) => sample.name === `${name}_bucket`)
    const bounds = buckets.map((bucket) => Number(bucket.labels['le']?.replace('Inf', 'Infinity')))
    const grows = (numbers: readonly number[]): boolean =>
      numbers.every((each, at) => at === 0 || each >= (numbers[at - 1] ?? 0))
    const count = ofSeries.find((sample) => sample.name === `${name}_count`)?.value
    const isWhole = bounds.at(-1) === Infinity && buckets.at(-1)?.value === count
    if (!isWhole || !grows(bounds) || !grows(buckets.map(({ value }) => value))) {
      throw new Error(`no histogram: ${name}${labels}`)
    }
    if (!ofSeries.some((sample) => sample.name === `${name}_sum`)) throw new Error(`no sum: ${name}${labels}`)
  }
}
