import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod } from '../../../kube/api/pod.ts'
import { podExitCode } from './exit-code.ts'

const ended = (name: string, exitCode: number) => ({ name, state: { terminated: { exitCode } } })

describe('podExitCode', () => {
  const CASES: [rule: string, status: object, exitCode: number][] = [
    ['Succeeded', { phase: 'Succeeded' }, 0],
    ['a sidecar never decides (S10)', { phase: 'Succeeded', initContainerStatuses: [ended('proxy', 9)] }, 0],
    ['the app container that failed', { phase: 'Failed', containerStatuses: [ended('one', 0), ended('two', 4)] }, 4],
    ['the first in spec order', { phase: 'Failed', containerStatuses: [ended('two', 4), ended('one', 3)] }, 3],
    [
      'not a sidecar',
      { phase: 'Failed', initContainerStatuses: [ended('proxy', 9)], containerStatuses: [ended('one', 3)] },
      3,
    ],
    ['the init container that failed', { phase: 'Failed', initContainerStatuses: [ended('migrate', 7)] }, 7],
    ['nobody failed', { phase: 'Failed', containerStatuses: [] }, 1],
    ['the pod itself', { phase: 'Failed', reason: 'DeadlineExceeded', containerStatuses: [ended('one', 143)] }, 1],
    ['deleted by somebody else', { phase: 'Running' }, 1],
  ]
  for (const [rule, status, exitCode] of CASES) {
    it(rule, () => {
      const spec = {
        initContainers: [{ name: 'migrate' }, { name: 'proxy', restartPolicy: 'Always' }],
        containers: [{ name: 'one' }, { name: 'two' }],
      }
      assert.equal(podExitCode({ spec, status } as unknown as Pod), exitCode)
    })
  }
})
