import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PodCondition } from '../api/pod.ts'
import { resizedClaim } from './resized-claim.ts'
import { sampleContainer, samplePod } from './sample-pod.ts'

const MILLI = 1_000_000n

describe('Q6: what a resized pod keeps others from having', () => {
  const cases: [
    rule: string,
    asks: string,
    promised: string | undefined,
    pending: string | undefined,
    milli: bigint,
  ][] = [
    ['what it was promised, until less is promised', '100m', '500m', undefined, 500n],
    ['what it asks for, before it is promised', '500m', '100m', 'Deferred', 500n],
    ['nothing of what no node could give', '900', '100m', 'Infeasible', 100n],
    ['what it asks for, while nothing runs', '300m', undefined, undefined, 300n],
  ]
  for (const [rule, asks, promised, reason, milli] of cases) {
    it(rule, () => {
      const pending = { type: 'PodResizePending', status: 'True', ...(reason !== undefined && { reason }) }
      const conditions: PodCondition[] = reason === undefined ? [] : [pending]
      const status = {
        name: 'web',
        ...{ image: '', imageID: '', ready: true, restartCount: 0 },
        ...(promised !== undefined && { allocatedResources: { cpu: promised } }),
      }
      const resources = { limits: { cpu: asks }, requests: { cpu: asks } }
      const pod = samplePod({ initContainers: [], containers: [sampleContainer('web', { resources })] })
      const claim = resizedClaim({ ...pod, status: { conditions, containerStatuses: [status] } })
      assert.equal(claim.requests['cpu'], milli * MILLI)
    })
  }
})
