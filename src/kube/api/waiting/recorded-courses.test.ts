import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fillPodDefaults } from '../pod-defaults.ts'
import type { Pod, PodStatus } from '../pod.ts'
import { whyWaiting } from './why-waiting.ts'

const ROOT = new URL('../../../../', import.meta.url)

interface RecordedPod {
  readonly name: string
  readonly spec: object
  readonly steps: readonly {
    readonly status: PodStatus
    readonly deletionTimestamp?: string
    readonly deletionGracePeriodSeconds?: number
    readonly deleted?: true
  }[]
}

const recorded = JSON.parse(
  readFileSync(new URL('test/kubectl/testdata/recorded-pods.json', ROOT), 'utf8'),
) as readonly RecordedPod[]

/** What would have been said at each step of a pod that a Kubernetes node ran, each sentence once in a row. */
function course({ name, spec, steps }: RecordedPod): readonly string[] {
  const said = steps.flatMap(({ status, deleted, ...metadata }) => {
    if (deleted === true) return []
    const isPlaced = status.conditions?.some(({ type, status: is }) => type === 'PodScheduled' && is === 'True')
    const pod = fillPodDefaults({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'recorded', uid: 'u', ...metadata },
      spec: { ...spec, ...(isPlaced === true ? { nodeName: 'node' } : {}) },
      status,
    }) as unknown as Pod
    const instants = JSON.stringify(status).match(/2026-11-20T[\d:]+Z/g) ?? []
    const { says, rule } = whyWaiting(pod, [], Math.max(0, ...instants.map((instant) => Date.parse(instant))))
    return [`${'id' in rule ? rule.id : '-'} ${says}`]
  })
  return said.filter((sentence, index) => sentence !== said[index - 1])
}

const BEGUN = [
  '- waits for the scheduler to give it to a node',
  'S1 waits for its sandbox: the network that its containers share is being made',
]
const APPS = [...BEGUN, 'S7 waits for container "a" to be made and started']
const OVER = 'S10 waits for nothing: it has Succeeded, all of its containers are done'
const READY = 'P5 waits for nothing: it is ready'
const NOT_STARTED =
  'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/nope": stat /nope: no such file or directory: unknown'

describe('pods of a real node, explained at each step', () => {
  const COURSES: Readonly<Record<string, readonly string[]>> = {
    'all-succeed-onfailure': [
      ...APPS,
      'S10 waits for its containers "b" to end: "a" ended before and will not restart',
      OVER,
    ],
    'crash-loop': [
      ...APPS,
      'R1 waits to restart container "a": it exited 1',
      'R2 waits to restart container "a" in 10 s: it exited 1',
      'R1 waits to restart container "a": it exited 1',
      'R2 waits to restart container "a" in 20 s: it exited 1',
      'R1 waits to restart container "a": it exited 1',
      'R2 waits to restart container "a" in 40 s: it exited 1',
    ],
    deadline: [
      ...APPS,
      READY,
      'S13 waits for nothing: it has Failed (DeadlineExceeded: Pod was active on the node longer than the specified deadline)',
    ],
    'deleted-prestop-3-s-ends-on-term': [
      ...APPS,
      READY,
      'H2 waits for the preStop hook of "a" and then for "a" to stop, killed in 14 s: it is deleted',
      'H10 waits to be removed: it is deleted and its containers have stopped',
    ],
    'deleted-with-grace-5-ignores-term': [
      ...APPS,
      READY,
      'H5 waits for its containers "a" to stop, killed in 8 s: it is deleted',
      'H10 waits to be removed: it is deleted and its containers have stopped',
    ],
    'fails-then-succeeds-onfailure': [...APPS, 'R1 waits to restart container "a": it exited 1', OVER],
    'init-fails-under-never': [
      ...BEGUN,
      'S2 waits for its init container "i1" (1 of 2) to start',
      'S2 waits for its init container "i2" (2 of 2) to start',
      'S10 waits for nothing: it has Failed (container "i2" exited 3)',
    ],
    'missing-command': [
      ...APPS,
      `R2 waits for container "a" to start again: it could not: ${NOT_STARTED}`,
      `R2 waits to restart container "a" in 10 s: it exited 128 (StartError): ${NOT_STARTED}`,
      `R2 waits for container "a" to start again: it could not: ${NOT_STARTED}`,
    ],
    'missing-configmap-in-env': [
      ...APPS,
      '- waits for container "a" to be made: CreateContainerConfigError: configmap "nope" not found',
    ],
    'out-of-memory': [...APPS, 'S10 waits for nothing: it has Failed (container "a" exited 137, OOMKilled)'],
    'readiness-fails-liveness-restarts': [
      ...APPS,
      'P5 waits for the readiness probe of container "a" to succeed',
      'R2 waits to restart container "b" in 10 s: it exited 0',
      'P5 waits for the readiness probe of container "a" to succeed',
    ],
    'startup-probe-gates-readiness': [
      ...APPS,
      'P3 waits for the startup probe of container "a" to succeed',
      'P5 waits for the readiness probe of container "a" to succeed',
      READY,
    ],
    'too-much-cpu-asked': [
      '- waits for the scheduler to give it to a node',
      '- waits for a node that can take it: 0/1 nodes are available: 1 Insufficient cpu.',
    ],
    'two-init-containers-two-apps': [
      ...BEGUN,
      'S2 waits for its init container "i1" (1 of 2) to start',
      'S2 waits for its init container "i1" (1 of 2) to end',
      'S2 waits for its init container "i2" (2 of 2) to start',
      'S2 waits for its init container "i2" (2 of 2) to end',
      'S7 waits for container "a" to be made and started',
      READY,
    ],
  }
  for (const [name, sentences] of Object.entries(COURSES)) {
    it(name, () => {
      const pod = recorded.find((one) => one.name === name)
      assert.ok(pod)
      assert.deepEqual(
        course(pod),
        sentences.map((sentence) => sentence.replace(/\.$/, '')),
      )
    })
  }
})
