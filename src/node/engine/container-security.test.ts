import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Container } from '../../kube/api/pod.ts'
import { buildSecurity } from './container-security.ts'
import { testContainer, testPod } from './test-pod.ts'

const KERNEL = ['CHOWN', 'KILL', 'NET_ADMIN', 'SYS_ADMIN']
const DEFAULTS = [
  'CAP_AUDIT_WRITE',
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_MKNOD',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_RAW',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
]

const CAPABILITIES: [rule: string, wanted: Container['securityContext'], capabilities: string[]][] = [
  ['those of a Kubernetes node', undefined, DEFAULTS],
  ['drop one', { capabilities: { drop: ['KILL'] } }, DEFAULTS.filter((name) => name !== 'CAP_KILL')],
  [
    'add one, with the prefix or without',
    { capabilities: { drop: ['ALL'], add: ['CAP_NET_ADMIN'] } },
    ['CAP_NET_ADMIN'],
  ],
  ['drop all', { capabilities: { drop: ['ALL'] } }, []],
  [
    'add all but one',
    { capabilities: { add: ['ALL'], drop: ['KILL'] } },
    ['CAP_CHOWN', 'CAP_NET_ADMIN', 'CAP_SYS_ADMIN'],
  ],
  ['privileged has what the kernel has', { privileged: true }, KERNEL.map((name) => `CAP_${name}`)],
]

describe('buildSecurity', () => {
  for (const [rule, securityContext, capabilities] of CAPABILITIES) {
    it(rule, () => {
      const container = testContainer(securityContext === undefined ? {} : { securityContext })
      assert.deepEqual(buildSecurity(testPod(), container, KERNEL).capabilities, capabilities)
    })
  }

  it('refuses a capability that the kernel does not have', () => {
    const container = testContainer({ securityContext: { capabilities: { add: ['FLY'] } } })
    assert.throws(() => buildSecurity(testPod(), container, KERNEL), /this kernel has no FLY/)
  })

  it('seccomp: the default profile; Unconfined when pod or container say so, or when privileged', () => {
    const seccompOf = (securityContext: Container['securityContext'], pod = testPod()): string =>
      buildSecurity(pod, testContainer(securityContext === undefined ? {} : { securityContext }), KERNEL).seccomp
    const unconfined = { seccompProfile: { type: 'Unconfined' } }
    assert.equal(seccompOf(undefined), 'runtime-default')
    assert.equal(seccompOf(unconfined), 'unconfined')
    assert.equal(seccompOf(undefined, testPod({ securityContext: unconfined })), 'unconfined')
    assert.equal(
      seccompOf({ seccompProfile: { type: 'RuntimeDefault' } }, testPod({ securityContext: unconfined })),
      'runtime-default',
    )
    assert.equal(seccompOf({ privileged: true }), 'unconfined')
  })
})
