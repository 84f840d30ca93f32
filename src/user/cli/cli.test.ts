import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { COMMANDS } from './commands.ts'
import { callCli } from './fake-environment.ts'

describe('the command line', () => {
  const WRONG: [argv: string, message: string][] = [
    ['rnu', 'unknown command "rnu"; did you mean "run"?'],
    ['imgae ls', 'unknown command "imgae"; did you mean "image"?'],
    ['image pul', 'unknown command "image pul"; did you mean "image pull"?'],
    ['image frobnicate', 'unknown command "image frobnicate"; see "peapod image --help"'],
    ['frobnicate', 'unknown command "frobnicate"; see "peapod --help"'],
    ['help imag', 'unknown command "imag"; did you mean "image"?'],
    [
      '--timeout 3s run',
      'unknown flag --timeout before a command; flags come after the command, as in "peapod run --timeout"',
    ],
    ['run --tiemout 3s x', 'unknown flag --tiemout; did you mean --timeout?'],
    ['run --tiemout=3s x', 'unknown flag --tiemout; did you mean --timeout?'],
    ['run --frobnicate x', 'unknown flag --frobnicate; see "peapod run --help"'],
    ['run -z x', 'unknown flag -z; see "peapod run --help"'],
    ['run --timeout soon x', '--timeout must be a duration such as 30s, 5m or 1h30m; got "soon"'],
    ['run x --timeout', '--timeout needs a value: --timeout DURATION'],
    ['run --grace-period 1.5 x', '--grace-period must be a whole number, 0 or more; got "1.5"'],
    ['run --output yaml x', '--output must be text or json; got "yaml"'],
    ['run --no-logs=yes x', '--no-logs takes no value; got "yes"'],
    ['run --image nginx x', '--image must be NAME=OTHER, such as nginx=registry.local/nginx:1; got "nginx"'],
    ['run', 'run needs FILE...; see "peapod run --help"'],
    ['run nope.yaml', 'read manifest "nope.yaml": ENOENT: no such file or directory, stat \'/nowhere/nope.yaml\''],
    ['image pull', 'image pull needs REFERENCE...; see "peapod image pull --help"'],
    ['version please', 'version takes no arguments; got "please" as well'],
  ]
  for (const [argv, message] of WRONG) {
    it(`peapod ${argv}: ${message}`, async () => {
      const answer = await callCli(argv.split(' '))
      assert.deepEqual(answer, { exitCode: 1, stdout: '', stderr: `peapod: ${message}\n` })
    })
  }

  it('alone, --help, -h and help show the commands', async () => {
    const { stdout, exitCode } = await callCli([])
    assert.equal(exitCode, 0)
    for (const command of COMMANDS) assert.ok(stdout.includes(`  ${command.name} `), command.name)
    for (const argv of [['--help'], ['-h'], ['help']]) assert.equal((await callCli(argv)).stdout, stdout)
  })

  for (const command of COMMANDS) {
    it(`peapod ${command.name} --help shows every flag, and an example that is a command`, async () => {
      const { stdout, exitCode } = await callCli([...command.name.split(' '), '--help'])
      assert.equal(exitCode, 0)
      for (const flag of command.flags) assert.match(stdout, new RegExp(`--${flag.name}( |$)`, 'm'))
      assert.ok(command.examples.length > 0)
      for (const example of command.examples) assert.ok(stdout.includes(`  ${example.command}\n`), example.command)
      assert.ok(command.examples.every((example) => example.command.includes(`peapod ${command.name}`)))
      assert.deepEqual(await callCli(['help', ...command.name.split(' ')]), { exitCode, stdout, stderr: '' })
      assert.deepEqual(
        stdout.split('\n').filter((line) => line.length > 130),
        [],
      )
    })
  }

  it('a group of commands shows its members', async () => {
    const { stdout, exitCode } = await callCli(['image'])
    assert.equal(exitCode, 0)
    assert.match(stdout, /^Usage: peapod image COMMAND/)
    assert.match(stdout, /image prune {3}remove/)
    assert.equal((await callCli(['image', '--help'])).stdout, stdout)
    assert.equal((await callCli(['help', 'image'])).stdout, stdout)
  })

  it('says its version', async () => {
    assert.equal((await callCli(['--version'])).stdout, '1.2.3\n')
    assert.match((await callCli(['version'])).stdout, /^peapod 1\.2\.3 \(Node\.js \d+\.\d+\.\d+\)\n$/)
    const facts: unknown = JSON.parse((await callCli(['version', '-o', 'json'])).stdout)
    assert.deepEqual(facts, { peapod: '1.2.3', node: process.versions.node })
  })
})
