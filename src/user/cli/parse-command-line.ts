import { parseArgs } from 'node:util'
import { Failure } from '../../failure.ts'
import { HELP_FLAG } from './common-flags.ts'
import type { Command, Flag } from './command.ts'
import { parseDurationMs } from './duration.ts'
import { ParsedFlags, type FlagValue } from './parsed-flags.ts'
import { suggest } from './suggest.ts'

/** What the words on the command line ask for. */
export type CommandLine =
  | { readonly is: 'help'; readonly command?: Command; readonly group?: string }
  | { readonly is: 'version' }
  | {
      readonly is: 'call'
      readonly command: Command
      readonly flags: ParsedFlags
      readonly operands: readonly string[]
      /** How many operands stand before `--`; undefined when there is none. */
      readonly dashAt: number | undefined
    }

/** @throws Failure UsageError, with the nearest word when one was mistyped. */
export function parseCommandLine(argv: readonly string[], commands: readonly Command[]): CommandLine {
  const [first, ...rest] = argv
  if (first === undefined || first === '--help' || first === '-h') return { is: 'help' }
  if (first === '--version') return { is: 'version' }
  if (first === 'help') return helpFor(rest, commands)
  if (first.startsWith('-')) {
    throw new Failure(
      'UsageError',
      `unknown flag ${first} before a command; flags come after the command, as in "peapod run ${first}"`,
    )
  }
  const found = findCommand(argv, commands)
  if ('group' in found)
    return found.unknown === undefined ? { is: 'help', group: found.group } : unknownCommand(found, commands)
  const { flags, operands, dashAt } = parseFlags(found.command, argv.slice(found.words))
  if (flags.isSet('help')) return { is: 'help', command: found.command }
  checkOperands(found.command, operands)
  return { is: 'call', command: found.command, flags, operands, dashAt }
}

type Found =
  | { readonly command: Command; readonly words: number }
  /** The words name a group of commands, or nothing; `unknown` is the word that nothing has. */
  | { readonly group: string; readonly unknown?: string }

function findCommand(argv: readonly string[], commands: readonly Command[]): Found {
  for (const words of [2, 1]) {
    const command = commands.find((candidate) => candidate.name === argv.slice(0, words).join(' '))
    if (command !== undefined) return { command, words }
  }
  const [first = '', second] = argv
  if (!commands.some((command) => command.name.startsWith(`${first} `))) return { group: '', unknown: first }
  if (second === undefined || second === '--help' || second === '-h') return { group: first }
  return { group: first, unknown: second }
}

function helpFor(words: readonly string[], commands: readonly Command[]): CommandLine {
  const asked = words.filter((word) => !word.startsWith('-'))
  if (asked.length === 0) return { is: 'help' }
  const found = findCommand(asked, commands)
  if ('command' in found) return { is: 'help', command: found.command }
  return found.unknown === undefined ? { is: 'help', group: found.group } : unknownCommand(found, commands)
}

function unknownCommand(found: { group: string; unknown?: string }, commands: readonly Command[]): never {
  const prefix = found.group === '' ? '' : `${found.group} `
  const depth = found.group === '' ? 0 : 1
  const inGroup = commands.filter((command) => command.name.startsWith(prefix))
  const words = [
    ...new Set(inGroup.map((command) => command.name.split(' ')[depth] ?? '')),
    ...(depth === 0 ? ['help'] : []),
  ]
  const nearest = suggest(found.unknown ?? '', words)
  const typed = JSON.stringify(`${prefix}${found.unknown ?? ''}`)
  const hint = nearest === undefined ? `see "peapod ${prefix}--help"` : `did you mean "${prefix}${nearest}"?`
  throw new Failure('UsageError', `unknown command ${typed}; ${hint}`)
}

type Parsed = Pick<CommandLine & { is: 'call' }, 'flags' | 'operands' | 'dashAt'>

function parseFlags(command: Command, words: readonly string[]): Parsed {
  const declared = [...command.flags, HELP_FLAG]
  const { tokens } = parseArgs({
    args: [...words],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: Object.fromEntries(
      declared.map((flag) => [
        flag.name,
        {
          type: flag.type === 'boolean' ? ('boolean' as const) : ('string' as const),
          ...(flag.short === undefined ? {} : { short: flag.short }),
        },
      ]),
    ),
  })
  const values = new Map<string, FlagValue>()
  const operands: string[] = []
  let dashAt: number | undefined
  for (const token of tokens) {
    if (token.kind === 'option-terminator') dashAt = operands.length
    if (token.kind === 'positional') operands.push(token.value)
    if (token.kind !== 'option') continue
    const flag = declared.find((candidate) => candidate.name === token.name)
    if (flag === undefined) throw unknownFlag(command, token.rawName)
    values.set(flag.name, readValue(flag, token, values.get(flag.name)))
  }
  return { flags: new ParsedFlags(values), operands, dashAt }
}

function unknownFlag(command: Command, typed: string): Failure {
  const nearest = suggest(
    typed.replace(/^--?/, ''),
    [...command.flags, HELP_FLAG].map((flag) => flag.name),
  )
  const hint = nearest === undefined ? `see "peapod ${command.name} --help"` : `did you mean --${nearest}?`
  return new Failure('UsageError', `unknown flag ${typed}; ${hint}`)
}

function readValue(
  flag: Flag,
  token: { rawName: string; value?: string | undefined },
  before: FlagValue | undefined,
): FlagValue {
  const { value, rawName } = token
  if (flag.type === 'boolean') {
    if (value === undefined) return true
    throw new Failure('UsageError', `${rawName} takes no value; got ${JSON.stringify(value)}`)
  }
  if (value === undefined) throw new Failure('UsageError', `${rawName} needs a value: ${rawName} ${valueName(flag)}`)
  const refuse = (wanted: string) =>
    new Failure('UsageError', `${rawName} must be ${wanted}; got ${JSON.stringify(value)}`)
  switch (flag.type) {
    case 'text':
      if (flag.repeatable !== true) return value
      return [...(typeof before === 'object' ? before : []), value]
    case 'duration': {
      const milliseconds = parseDurationMs(value)
      if (milliseconds === undefined) throw refuse('a duration such as 30s, 5m or 1h30m')
      return milliseconds
    }
    case 'count':
      if (!/^\d+$/.test(value) || !Number.isSafeInteger(Number(value))) throw refuse('a whole number, 0 or more')
      return Number(value)
    case 'choice':
      if (!flag.choices.includes(value)) throw refuse(flag.choices.join(' or '))
      return value
  }
}

/** What stands for the flag's value in help texts. */
export function valueName(flag: Flag): string {
  switch (flag.type) {
    case 'boolean':
      return ''
    case 'text':
    case 'count':
      return flag.value
    case 'duration':
      return 'DURATION'
    case 'choice':
      return flag.choices.join('|')
  }
}

function checkOperands(command: Command, operands: readonly string[]): void {
  const { usage, atLeast, atMost } = command.operands
  if (operands.length < atLeast) {
    throw new Failure('UsageError', `${command.name} needs ${usage}; see "peapod ${command.name} --help"`)
  }
  if (operands.length > atMost) {
    const surplus = JSON.stringify(operands[atMost])
    const takes = atMost === 0 ? 'no arguments' : `only ${usage}`
    throw new Failure('UsageError', `${command.name} takes ${takes}; got ${surplus} as well`)
  }
}
