import { type Measured, median, medianRatio } from './measure.ts'
import type { Result } from './results.ts'
import { PEAPOD, type Findings, type Target } from './scenario.ts'

/** Everything measured so far, as Markdown. */
export function renderDocument(results: readonly Result[]): string {
  const machines = [...new Set(results.map(({ machine }) => JSON.stringify(factsOf(machine))))]
  return [
    '# Benchmarks\n\n',
    'Made by `npm run bench`. The contenders run in turn, A B A B, in one run; a ratio is the median of the ratios of all\n',
    'rounds, peapod over the other: below 1 peapod is faster (or smaller).\n\n',
    ...machines.map((facts) => `${renderFacts(JSON.parse(facts) as Record<string, string>)}\n`),
    ...results.map(renderScenario),
  ].join('')
}

export function renderScenario(result: Result): string {
  const { letter, title, machine, outcome } = result
  const heading = `## (${letter}) ${title}\n\n${machine['date'] ?? ''}, load ${machine['load'] ?? ''}\n\n`
  if ('skipped' in outcome) return `${heading}Skipped: ${outcome.skipped}\n\n`
  const notes = outcome.notes.map((note) => `- ${note}\n`).join('')
  return `${heading}${renderTable(outcome)}\n${notes}\n`
}

/** All but what changes from run to run. */
function factsOf(machine: Result['machine']): Record<string, string> {
  return Object.fromEntries(Object.entries(machine).filter(([name]) => name !== 'date' && name !== 'load'))
}

function renderFacts(facts: Record<string, string>): string {
  return Object.entries(facts)
    .map(([name, value]) => `- ${name}: ${value}\n`)
    .join('')
}

function renderTable(findings: Findings): string {
  const rows = findings.measured.map((measured) => rowOf(measured, findings))
  const header = ['step', 'contender', 'min', 'median', 'max', 'n', 'ratio', 'target']
  const table = [header, header.map(() => '-'), ...rows]
  const widths = header.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  return table
    .map((row, index) => {
      const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0, index === 1 ? '-' : ' '))
      return `| ${cells.join(' | ')} |\n`
    })
    .join('')
}

function rowOf(measured: Measured, { measured: all, targets }: Findings): string[] {
  const { step, contender, unit, values } = measured
  const ours = all.find((other) => other.step === step && other.contender === PEAPOD)
  const ratio = ours === undefined || ours === measured ? undefined : medianRatio(ours.values, values)
  const target = targets.find((each) => each.step === step && each.contender === contender)
  return [
    step,
    contender,
    ...[Math.min(...values), median(values), Math.max(...values)].map((value) => `${format(value)} ${unit}`),
    String(values.length),
    ratio === undefined ? '' : ratio.toFixed(2),
    ratio === undefined || target === undefined ? '' : verdict(ratio, target),
  ]
}

function verdict(ratio: number, { atMost }: Target): string {
  return `${atMost.toFixed(2)} or less: ${ratio <= atMost ? 'met' : 'missed'}`
}

function format(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1)
}
