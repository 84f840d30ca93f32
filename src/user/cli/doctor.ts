import type { MachineCheck } from './cli-machine.ts'
import type { Invocation } from './command.ts'
import { withInterrupt } from './interrupt.ts'
import { hasColours, writeText } from './output.ts'
import { stylist, type Stylist } from './style.ts'

/** Shows every check; 1 when something that pods need is missing. */
export async function doctor({ flags, environment }: Invocation): Promise<number> {
  const stateDirectory = flags.stateDirectory(environment.env)
  const checks = await withInterrupt(environment, (signal) => environment.machine.doctor({ stateDirectory, signal }))
  const text =
    flags.text('output') === 'json'
      ? `${JSON.stringify({ checks }, null, 2)}\n`
      : doctorText(checks, stylist(hasColours(environment.stdout, environment.env)))
  await writeText(environment.stdout, text)
  return checks.some((check) => check.verdict === 'missing') ? 1 : 0
}

const MARKS = { good: '✓', warning: '!', missing: '✗' } as const
const MARK_COLOURS = { good: 'green', warning: 'yellow', missing: 'red' } as const

function doctorText(checks: readonly MachineCheck[], style: Stylist): string {
  const width = Math.max(0, ...checks.map((check) => check.name.length))
  const lines = checks.flatMap((check) => {
    const mark = style(MARK_COLOURS[check.verdict], MARKS[check.verdict])
    const row = `${mark} ${check.name.padEnd(width)}   ${check.detail}`
    return check.remedy === undefined ? [row] : [row, `  ${' '.repeat(width)}   → ${check.remedy}`]
  })
  const missing = checks.filter((check) => check.verdict === 'missing').length
  const warnings = checks.filter((check) => check.verdict === 'warning').length
  return `${[...lines, '', verdict(missing, warnings)].join('\n')}\n`
}

function verdict(missing: number, warnings: number): string {
  if (missing > 0) return `pods cannot run here yet: ${missing} missing`
  return warnings > 0 ? `pods run here, with ${warnings} warning${warnings === 1 ? '' : 's'}` : 'pods run here'
}
