import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeApiServer } from '../../client/fake-api-server.ts'
import { callCli } from '../fake-environment.ts'

const pod = (phase: string) => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: { containers: [{ name: 'app' }] },
  status: { phase },
})

describe('peapod exec, attach, port-forward, cp: before anything is begun', { timeout: 10_000 }, () => {
  for (const [argv, expected] of [
    [['exec', 'web', 'ls'], /the command comes after "--".*: peapod exec web -- ls\n/],
    [['exec', 'web'], /exec needs POD -- COMMAND/],
    [['exec', 'web', '--'], /exec needs POD -- COMMAND/],
    [['exec', '--', 'ls', '-l'], /exec needs POD -- COMMAND/],
    [['exec', 'web', 'other', '--', 'ls'], /takes only POD before "--"; got "other" as well/],
    [['exec', 'nope', '--', 'ls'], /pods "nope" not found/],
    [['exec', 'web', '-c', 'x', '--', 'ls', '-c', 'app'], /has no container "x"/],
    [['attach', 'web', '-c', 'x'], /has no container "x"/],
    [['port-forward', 'web', 'http'], /no container of the Pod has a port of that name/],
    [['port-forward', 'web'], /port-forward needs POD \[LOCAL:\]PORT/],
    [['cp', 'a', 'b'], /both are files of this machine; one of them must be POD:PATH/],
    [['cp', 'web:a', 'web:b'], /both are in containers/],
    [['cp', 'web:a', 'b', '-c', 'x'], /has no container "x"/],
  ] as const) {
    it(argv.join(' '), async () => {
      await using server = await FakeApiServer.open()
      server.put('pods', pod('Running'))
      const { exitCode, stderr } = await callCli(argv, { endpoint: server.endpoint })
      assert.equal(exitCode, 1)
      assert.match(stderr, expected)
    })
  }

  for (const [argv, expected] of [
    [['exec', 'web', '--', 'ls'], /run a command in pod "web": it is over \(Succeeded\)/],
    [['attach', 'web'], /attach to pod "web": it is over \(Succeeded\)/],
    [['port-forward', 'web', '80'], /it is not running \(Succeeded\)/],
    [['cp', 'web:a', 'b'], /it is over \(Succeeded\)/],
  ] as const) {
    it(`${argv.join(' ')}, of a Pod that is over`, async () => {
      await using server = await FakeApiServer.open()
      server.put('pods', pod('Succeeded'))
      assert.match((await callCli(argv, { endpoint: server.endpoint })).stderr, expected)
    })
  }
})
