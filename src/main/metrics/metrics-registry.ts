// Numbers about a running server and how Prometheus reads them.
// Source of the format: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format (0.0.4).

export type Labels<L extends string> = Readonly<Record<L, string>>

export interface MetricName<L extends string> {
  readonly name: string
  readonly help: string
  /** In the order in which they are written. */
  readonly labels: readonly L[]
}

/** One number that is looked up when somebody asks. */
export interface Reading<L extends string> {
  readonly labels: Labels<L>
  readonly value: number
}

interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** Without the line's end. */
  lines(): Iterable<string>
}

export class MetricsRegistry {
  readonly #families: Family[] = []

  counter<L extends string>(what: MetricName<L>): Counter<L> {
    return this.#add(new Counter('counter', what))
  }

  /** A number that goes up and down. */
  gauge<L extends string>(what: MetricName<L>): Counter<L> {
    return this.#add(new Counter('gauge', what))
  }

  /** @param bounds upper bounds of the buckets, growing. */
  histogram<L extends string>(what: MetricName<L>, bounds: readonly number[]): Histogram<L> {
    return this.#add(new Histogram(what, bounds))
  }

  /** Numbers that somebody else keeps: nothing of what is gone is left over. */
  read<L extends string>(type: 'counter' | 'gauge', what: MetricName<L>, read: () => Iterable<Reading<L>>): void {
    const { name, help, labels: names } = what
    const lines = (): Iterable<string> =>
      Iterator.from(read()).map(({ labels, value }) => `${name}${labelText(names, labels)} ${numberText(value)}`)
    this.#add({ name, help, type, lines })
  }

  names(): readonly string[] {
    return this.#families.map(({ name }) => name)
  }

  /** Every family has its HELP and TYPE, also one that has no number yet. */
  text(): string {
    return this.#families
      .map((family) => {
        const { name, help, type } = family
        return [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`, ...family.lines(), ''].join('\n')
      })
      .join('')
  }

  #add<F extends Family>(family: F): F {
    this.#families.push(family)
    return family
  }
}

class Counter<L extends string> implements Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly lines: () => Iterable<string>
  readonly #names: readonly L[]
  readonly #series = new Map<string, { readonly text: string; value: number }>()

  constructor(type: 'counter' | 'gauge', { name, help, labels }: MetricName<L>) {
    this.name = name
    this.help = help
    this.type = type
    this.#names = labels
    this.lines = () => this.#series.values().map(({ text, value }) => `${name}${text} ${numberText(value)}`)
  }

  add(labels: Labels<L>, amount = 1): void {
    const key = keyOf(this.#names, labels)
    const known = this.#series.get(key)
    if (known !== undefined) known.value += amount
    else this.#series.set(key, { text: labelText(this.#names, labels), value: amount })
  }
}

interface Buckets<L extends string> {
  readonly labels: Labels<L>
  /** How many came into each bucket and into no earlier one; the last is for all that is larger. */
  readonly counts: number[]
  sum: number
}

class Histogram<L extends string> implements Family {
  readonly name: string
  readonly help: string
  readonly type = 'histogram'
  readonly lines: () => Iterable<string>
  readonly #names: readonly L[]
  readonly #bounds: readonly number[]
  readonly #series = new Map<string, Buckets<L>>()

  constructor({ name, help, labels }: MetricName<L>, bounds: readonly number[]) {
    this.name = name
    this.help = help
    this.#names = labels
    this.#bounds = [...bounds, Infinity]
    this.lines = () => this.#series.values().flatMap((buckets) => this.#linesOf(buckets))
  }

  observe(labels: Labels<L>, value: number): void {
    const key = keyOf(this.#names, labels)
    let buckets = this.#series.get(key)
    if (buckets === undefined) {
      buckets = { labels, counts: this.#bounds.map(() => 0), sum: 0 }
      this.#series.set(key, buckets)
    }
    const at = this.#bounds.findIndex((bound) => value <= bound)
    buckets.counts[at] = (buckets.counts[at] ?? 0) + 1
    buckets.sum += value
  }

  #linesOf({ labels, counts, sum }: Buckets<L>): string[] {
    let total = 0
    const cumulative = counts.map((count, at) => {
      total += count
      const le = numberText(this.#bounds[at] ?? Infinity)
      return `${this.name}_bucket${labelText([...this.#names, 'le'], { ...labels, le })} ${total}`
    })
    const own = labelText(this.#names, labels)
    return [...cumulative, `${this.name}_sum${own} ${numberText(sum)}`, `${this.name}_count${own} ${total}`]
  }
}

export type { Counter, Histogram }

function keyOf<L extends string>(names: readonly L[], labels: Labels<L>): string {
  let key = ''
  for (const name of names) key += `${labels[name]}\0`
  return key
}

function labelText<L extends string>(names: readonly L[], labels: Labels<L>): string {
  if (names.length === 0) return ''
  return `{${names.map((name) => `${name}="${escapeLabel(labels[name])}"`).join(',')}}`
}

function escapeLabel(value: string): string {
  return escapeHelp(value).replaceAll('"', '\\"')
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}
