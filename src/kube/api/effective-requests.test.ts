import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { effectiveRequests } from './effective-requests.ts'
import type { Container, Pod } from './pod.ts'

const MILLI = 1_000_000n

function asking(cpu: string, change: Partial<Container> = {}): Container {
  return { name: 'c', image: 'i', resources: { requests: { cpu } }, ...change } as Container
}

function pod(spec: Partial<Pod['spec']>): Pick<Pod, 'spec'> {
  return { spec: { containers: [asking('0')], ...spec } as Pod['spec'] }
}

const sidecar = (cpu: string): Container => asking(cpu, { restartPolicy: 'Always' })

describe('effective requests (Q1)', () => {
  const rows: readonly (readonly [rule: string, Partial<Pod['spec']>, cpuMilli: bigint])[] = [
    ['app containers add up', { containers: [asking('100m'), asking('0.2')] }, 300n],
    ['the largest init container counts alone', { initContainers: [asking('1'), asking('2')] }, 2000n],
    [
      'sidecars count beside what comes after them',
      { initContainers: [asking('1'), sidecar('300m'), asking('900m')], containers: [asking('500m')] },
      1200n,
    ],
    ['sidecars and apps together', { initContainers: [sidecar('1')], containers: [asking('1')] }, 2000n],
    ['the overhead comes on top', { containers: [asking('1')], overhead: { cpu: '250m' } }, 1250n],
    [
      'Q2: a limit without a request is one',
      { containers: [asking('0', { resources: { limits: { cpu: '2' } } })] },
      2000n,
    ],
    [
      'Q5: what the pod itself asks for decides',
      { containers: [asking('1')], resources: { requests: { cpu: '3' } } },
      3000n,
    ],
  ]
  for (const [rule, spec, cpuMilli] of rows) {
    it(rule, () => {
      assert.equal(effectiveRequests(pod(spec))['cpu'], cpuMilli * MILLI)
    })
  }

  it('each resource for itself', () => {
    const hungry = asking('1', { resources: { requests: { cpu: '1', memory: '1Ki' } } })
    const fat = asking('1', { resources: { requests: { memory: '1Mi' } } })
    assert.deepEqual(effectiveRequests(pod({ initContainers: [fat], containers: [hungry] })), {
      cpu: 1000n * MILLI,
      memory: 1024n * 1024n * 1000n * MILLI,
    })
  })
})
