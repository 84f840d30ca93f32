import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Container } from './pod.ts'
import type { QosClass } from './qos-class.ts'
import { qosClass } from './qos-class.ts'

function container(resources?: Container['resources']): Container {
  return {
    name: 'a',
    image: 'b',
    imagePullPolicy: 'Always',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    ...(resources === undefined ? {} : { resources }),
  }
}

const full = { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1024Mi' } }

describe('Q2: the QoS class', () => {
  const cases: [rule: string, spec: Parameters<typeof qosClass>[0]['spec'], expected: QosClass][] = [
    ['nothing asked for', { containers: [container()] }, 'BestEffort'],
    ['zero is nothing', { containers: [container({ requests: { cpu: '0' } })] }, 'BestEffort'],
    ['storage does not count', { containers: [container({ requests: { 'ephemeral-storage': '1Gi' } })] }, 'BestEffort'],
    ['requests are the limits, written otherwise', { containers: [container(full)] }, 'Guaranteed'],
    ['limits alone are requests too', { containers: [container({ limits: full.limits })] }, 'Guaranteed'],
    ['cpu alone', { containers: [container({ limits: { cpu: '1' } })] }, 'Burstable'],
    [
      'a request below the limit',
      { containers: [container({ ...full, requests: { cpu: '1', memory: '1' } })] },
      'Burstable',
    ],
    ['one container without', { containers: [container(full), container()] }, 'Burstable'],
    ['init containers count', { containers: [container(full)], initContainers: [container()] }, 'Burstable'],
    ['resources of the pod decide', { containers: [container()], resources: full }, 'Guaranteed'],
  ]
  for (const [rule, spec, expected] of cases) it(rule, () => assert.equal(qosClass({ spec }), expected))
})
