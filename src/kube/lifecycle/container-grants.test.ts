import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { containerGrants } from './container-grants.ts'
import type { ObservedContainer } from './observed-pod.ts'
import { exited, running, sampleContainer, starting } from './sample-pod.ts'

const user = { uid: 1000, gid: 3000, supplementalGroups: [3000, 10] }
const resources = { requests: { cpu: '100m', memory: '1Gi' }, limits: { memory: '1Gi' } }
const volumeMounts = [
  { name: 'data', mountPath: '/data' },
  { name: 'conf', mountPath: '/etc/conf', readOnly: true },
]
const told = { allocatedResources: resources.requests, resources, user: { linux: user } }
const mounts = [volumeMounts[0], { ...volumeMounts[1], recursiveReadOnly: 'Disabled' }]

describe('what a container was given is told', () => {
  type Row = readonly [rule: string, record: ObservedContainer | undefined, grants: object]
  const rows: readonly Row[] = [
    ['Q6, I2: of one that runs', running({}, { user }), { ...told, volumeMounts: mounts }],
    ['Q6, I2: of one that has ended', exited(1, { user }), { ...told, volumeMounts: mounts }],
    ['V4: its mounts before it is there', undefined, { volumeMounts: mounts }],
    ['R9: nothing else while it is being started', starting({ user }), { volumeMounts: mounts }],
  ]
  for (const [rule, record, grants] of rows) {
    it(rule, () => {
      assert.deepEqual(containerGrants(sampleContainer('web', { resources, volumeMounts }), record), grants)
    })
  }

  it('Q6: a container that asks for nothing has no resources', () => {
    assert.deepEqual(containerGrants(sampleContainer('web'), running()), { resources: {} })
  })
})
