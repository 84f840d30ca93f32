import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { COMMANDS } from '../src/user/cli/commands.ts'
import { parseCommandLine } from '../src/user/cli/parse-command-line.ts'

const text = readFileSync(new URL('../docs/cli.md', import.meta.url), 'utf8')
const documented = [...text.matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, block = '']) => block.trim().split('\n'))

/** What it calls. @throws Failure UsageError for what is no command of peapod's. */
function called(line: string): string {
  const [program, ...argv] = line.split(' ')
  assert.equal(program, 'peapod', line)
  const parsed = parseCommandLine(argv, COMMANDS)
  if (parsed.is !== 'call') throw new Error(`it asks for help: ${line}`)
  return parsed.command.name
}

describe('docs/cli.md', () => {
  it('has an example of every command, and each one is a command', () => {
    assert.deepEqual(new Set(documented.map(called)), new Set(COMMANDS.map(({ name }) => name)))
  })

  it('and so are the examples of every help text', () => {
    const calls = COMMANDS.flatMap(({ examples }) => examples).flatMap(({ command }) => wordsOfPeapod(command))
    assert.ok(calls.length >= COMMANDS.length)
    for (const line of calls) called(line)
  })
})

/** The calls of peapod in a line of shell, without quotes and what is redirected. */
function wordsOfPeapod(line: string): readonly string[] {
  return line
    .split(/ (?:\||&&|>|<) /)
    .filter((part) => part.startsWith('peapod '))
    .map((part) => part.replaceAll(/['"]/g, ''))
}
