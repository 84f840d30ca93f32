import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MachineCheck } from './cli-machine.ts'
import { callCli } from './fake-environment.ts'

const GOOD: MachineCheck = { name: 'OCI runtime', verdict: 'good', detail: 'runc 1.1.5' }
const WARNING: MachineCheck = { name: 'disk', verdict: 'warning', detail: '1.2 GB free', remedy: 'peapod image prune' }
const MISSING: MachineCheck = {
  name: 'nft',
  verdict: 'missing',
  detail: 'not on PATH',
  remedy: 'apt-get install nftables',
}

describe('peapod doctor', () => {
  it('shows each check and what mends it, and fails when something is missing', async () => {
    assert.deepEqual(await callCli(['doctor'], { checks: [GOOD, WARNING, MISSING] }), {
      exitCode: 1,
      stderr: '',
      stdout: `✓ OCI runtime   runc 1.1.5
! disk          1.2 GB free
                → peapod image prune
✗ nft           not on PATH
                → apt-get install nftables

pods cannot run here yet: 1 missing
`,
    })
  })

  it('warnings alone do not fail', async () => {
    const { exitCode, stdout } = await callCli(['doctor'], { checks: [GOOD, WARNING], env: { FORCE_COLOR: '1' } })
    assert.equal(exitCode, 0)
    assert.match(stdout, /^\u001b\[32m✓\u001b\[0m OCI/)
    assert.match(stdout, /\npods run here, with 1 warning\n$/)
  })

  it('is data for programs', async () => {
    const { exitCode, stdout } = await callCli(['doctor', '--output', 'json'], { checks: [MISSING] })
    assert.equal(exitCode, 1)
    assert.deepEqual(JSON.parse(stdout), { checks: [MISSING] })
  })
})
