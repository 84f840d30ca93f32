import type { Command, Flag } from './command.ts'
import { HELP_FLAG } from './common-flags.ts'
import { valueName } from './parse-command-line.ts'

/** `peapod --help`. */
export function overviewText(commands: readonly Command[]): string {
  return `peapod runs Kubernetes Pods on this machine, without a cluster

Usage: peapod COMMAND [FLAGS] [ARGUMENTS]

Commands:
${table(commands.map((command) => [command.name, command.summary]))}

Start with:
  peapod doctor           what this machine needs for pods
  peapod run pod.yaml     run the Pod in a manifest until it ends

"peapod help COMMAND" or "peapod COMMAND --help" shows flags and examples.
`
}

/** `peapod image --help`: the commands that begin with one word. */
export function groupText(group: string, commands: readonly Command[]): string {
  const members = commands.filter((command) => command.name.startsWith(`${group} `))
  return `Usage: peapod ${group} COMMAND [FLAGS] [ARGUMENTS]

Commands:
${table(members.map((command) => [command.name, command.summary]))}

"peapod ${group} COMMAND --help" shows flags and examples.
`
}

/** `peapod run --help`. */
export function commandText(command: Command): string {
  const usage = ['peapod', command.name, '[FLAGS]', command.operands.usage].filter((word) => word !== '').join(' ')
  const description = command.description === undefined ? '' : `\n${command.description}\n`
  const examples = command.examples.map((example) => `  # ${example.shows}\n  ${example.command}`).join('\n\n')
  return `${sentence(command.summary)}
${description}
Usage: ${usage}

Flags:
${table([...command.flags, HELP_FLAG].map((flag) => [flagUsage(flag), flagHelp(flag)]))}

Examples:
${examples}
`
}

function flagUsage(flag: Flag): string {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `
  return `${short}--${flag.name} ${valueName(flag)}`.trimEnd()
}

function flagHelp(flag: Flag): string {
  return flag.type === 'text' && flag.repeatable === true ? `${flag.help}; repeatable` : flag.help
}

function sentence(summary: string): string {
  return summary.charAt(0).toUpperCase() + summary.slice(1)
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}   ${right}`).join('\n')
}
