import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PodSpec } from '../api/pod.ts'
import { type NodeOffer, offerOf, whyUnwanted } from './node-offer.ts'
import { samplePod } from './sample-pod.ts'

const CORDONED = 'node(s) were unschedulable'
const TAINTED = 'node(s) had untolerated taint(s)'
const CORDON_KEY = 'node.kubernetes.io/unschedulable'

type Tolerations = NonNullable<PodSpec['tolerations']>
const tainted = (effect: string): NodeOffer => offerOf({ spec: { taints: [{ key: 'a', value: 'b', effect }] } })
const cordoned = offerOf({ spec: { unschedulable: true } })

const ROWS: readonly (readonly [rule: string, offer: NodeOffer, tolerations: Tolerations, why: string | undefined])[] =
  [
    ['a node of which nothing is said is open to all', offerOf(undefined), [], undefined],
    ['a cordoned node is closed', cordoned, [], CORDONED],
    ['but to who tolerates that', cordoned, [{ key: CORDON_KEY, operator: 'Exists' }], undefined],
    ['or anything', cordoned, [{ operator: 'Exists' }], undefined],
    ['a taint keeps away', tainted('NoSchedule'), [], TAINTED],
    ['also one that drives out', tainted('NoExecute'), [], TAINTED],
    ['a preference does not', tainted('PreferNoSchedule'), [], undefined],
    ['the same value tolerates it', tainted('NoSchedule'), [{ key: 'a', value: 'b' }], undefined],
    ['another value does not', tainted('NoSchedule'), [{ key: 'a', operator: 'Equal', value: 'c' }], TAINTED],
    ['another key does not', tainted('NoSchedule'), [{ key: 'b', operator: 'Exists' }], TAINTED],
    ['its key, whatever the value', tainted('NoSchedule'), [{ key: 'a', operator: 'Exists' }], undefined],
    [
      'the effect must be meant',
      tainted('NoSchedule'),
      [{ key: 'a', operator: 'Exists', effect: 'NoExecute' }],
      TAINTED,
    ],
    ['and may be', tainted('NoExecute'), [{ key: 'a', operator: 'Exists', effect: 'NoExecute' }], undefined],
    [
      'one of several is enough to tolerate',
      tainted('NoSchedule'),
      [{ key: 'x' }, { key: 'a', value: 'b' }],
      undefined,
    ],
  ]

describe('pods that a node is not meant for', () => {
  for (const [rule, offer, tolerations, why] of ROWS) {
    it(rule, () => assert.equal(whyUnwanted(samplePod({ tolerations }), offer), why))
  }
})
