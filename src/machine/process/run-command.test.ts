import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findProgram } from './find-program.ts'
import { runCommand } from './run-command.ts'

describe('runCommand', () => {
  const cases: [rule: string, ...Parameters<typeof runCommand>, Awaited<ReturnType<typeof runCommand>>][] = [
    [
      'gives both outputs',
      ['sh', '-c', 'echo out; echo err >&2'],
      {},
      { exitCode: 0, stdout: 'out\n', stderr: 'err\n' },
    ],
    ['an exit code is a result', ['sh', '-c', 'exit 3'], {}, { exitCode: 3, stdout: '', stderr: '' }],
    ['a signal counts as in a shell', ['sh', '-c', 'kill -TERM $$'], {}, { exitCode: 143, stdout: '', stderr: '' }],
    ['feeds it', ['cat'], { input: 'a\0b' }, { exitCode: 0, stdout: 'a\0b', stderr: '' }],
    [
      'a program need not read its input',
      ['true'],
      { input: 'x'.repeat(1e6) },
      { exitCode: 0, stdout: '', stderr: '' },
    ],
    [
      'adds to the environment',
      ['sh', '-c', 'echo $A'],
      { env: { A: '1' } },
      { exitCode: 0, stdout: '1\n', stderr: '' },
    ],
    ['runs elsewhere', ['pwd'], { cwd: '/usr' }, { exitCode: 0, stdout: '/usr\n', stderr: '' }],
  ]
  for (const [rule, argv, options, result] of cases) {
    it(rule, async () => assert.deepEqual(await runCommand(argv, options), result))
  }

  it('does not wait for a daemon that keeps the output open', async () => {
    const { stdout } = await runCommand(['sh', '-c', 'sleep 20 & echo $!'], { timeoutMs: 5_000 })
    process.kill(Number(stdout), 'SIGKILL')
  })

  it('kills what takes too long', async () => {
    await assert.rejects(runCommand(['sleep', '20'], { timeoutMs: 20 }), {
      reason: 'Timeout',
      message: 'run "sleep": not finished after 20 ms, killed',
    })
  })

  it('kills on abort', async () => {
    await assert.rejects(runCommand(['sleep', '20'], { signal: AbortSignal.timeout(20) }), { reason: 'Interrupted' })
    await assert.rejects(runCommand(['true'], { signal: AbortSignal.abort() }), { reason: 'Interrupted' })
  })

  it('names a program that is not there', async () => {
    await assert.rejects(runCommand(['no-such-program']), {
      reason: 'SetupFailed',
      message: /"no-such-program": not found in \//,
    })
  })
})

describe('findProgram', () => {
  it('finds by name and by path, and only what can be executed', () => {
    assert.match(findProgram('sh') ?? '', /^\/.*\/sh$/)
    assert.equal(findProgram('/bin/sh'), '/bin/sh')
    assert.equal(findProgram('/etc/passwd'), undefined)
    assert.equal(findProgram('/etc'), undefined)
    assert.equal(findProgram('no-such-program'), undefined)
  })
})
