import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { admitPod } from './admit-pod.ts'
import { pullPolicyOf } from './container-defaults.ts'
import { parsePod } from './parse-pod.ts'
import type { Pod } from './pod.ts'

interface Recorded {
  readonly case: string
  readonly request: Readonly<Record<string, unknown>>
  readonly answer: { readonly metadata: { readonly uid: string; readonly creationTimestamp: string } }
}

const FILE = join(import.meta.dirname, 'testdata', 'pod-defaults.json')
const RECORDED = JSON.parse(readFileSync(FILE, 'utf8')) as readonly Recorded[]

/** The answer without the volume of the service account's token, which a store adds, and with the newer `generation`. */
function expectedOf(answer: Recorded['answer']): unknown {
  const withoutToken: unknown = JSON.parse(JSON.stringify(answer), (_key, value: unknown) => {
    if (!Array.isArray(value)) return value
    return (value as unknown[]).filter((item) => !(item as { name?: string }).name?.startsWith('default-token-'))
  })
  const pod = withoutToken as {
    metadata: object
    spec: {
      volumes?: unknown[]
      containers: { volumeMounts?: unknown }[]
      initContainers?: { volumeMounts?: unknown }[]
    }
  }
  if (pod.spec.volumes?.length === 0) delete pod.spec.volumes
  for (const container of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) delete container.volumeMounts
  return { ...pod, metadata: { ...pod.metadata, namespace: 'recorded', generation: 1 } }
}

function manifestOf(pod: unknown): ReturnType<typeof parsePod> & { ok: true } {
  const parsed = parsePod(pod)
  assert.ok(parsed.ok, JSON.stringify(parsed))
  return parsed
}

describe('a Pod gets the defaults that the API server gives', () => {
  for (const { case: name, request, answer } of RECORDED) {
    it(name, () => {
      const { uid, creationTimestamp } = answer.metadata
      const metadata = { ...(request['metadata'] as object), namespace: 'recorded' }
      const manifest = manifestOf({ ...request, metadata }).value
      const admitted = admitPod(manifest, { uid, nowMs: Date.parse(creationTimestamp), nameSuffix: 'abcde' })
      assert.deepEqual(admitted, expectedOf(answer))
    })
  }

  it('ports of a pod on the network of the host are ports of the host', () => {
    const { value } = manifestOf({
      metadata: { name: 'a' },
      spec: { hostNetwork: true, containers: [{ name: 'a', image: 'b', ports: [{ containerPort: 80 }] }] },
    })
    assert.deepEqual(value.spec.containers[0]?.ports, [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }])
  })

  it('a volume without a source is an empty directory', () => {
    const { value } = manifestOf({
      metadata: { name: 'a' },
      spec: { containers: [{ name: 'a', image: 'b' }], volumes: [{ name: 'v' }, { name: 'w', emptyDir: null }] },
    })
    assert.deepEqual(value.spec.volumes, [
      { name: 'v', emptyDir: {} },
      { name: 'w', emptyDir: {} },
    ])
  })

  it('is frozen to the last field', () => {
    const { value } = manifestOf({ metadata: { name: 'a' }, spec: { containers: [{ name: 'a', image: 'b' }] } })
    assert.throws(() => {
      ;(value.spec.containers[0] as { image: string }).image = 'other'
    }, TypeError)
  })
})

describe('Q10: the pull policy follows the tag', () => {
  const cases: [image: string, policy: Pod['spec']['containers'][0]['imagePullPolicy']][] = [
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['nginx:1.27', 'IfNotPresent'],
    ['registry:5000/nginx', 'Always'],
    ['registry:5000/nginx:1', 'IfNotPresent'],
    ['nginx@sha256:0000', 'IfNotPresent'],
    ['nginx:latest@sha256:0000', 'Always'],
  ]
  for (const [image, policy] of cases) it(`${image}: ${policy}`, () => assert.equal(pullPolicyOf(image), policy))
})

describe('admitPod', () => {
  const admission = { uid: 'u', nowMs: 1_769_860_800_000, nameSuffix: 'x7k2p' }
  const spec = { containers: [{ name: 'a', image: 'b' }] }

  it('completes a generateName, within 63 characters', () => {
    const short = admitPod(manifestOf({ metadata: { generateName: 'web-' }, spec }).value, admission)
    assert.equal(short.metadata.name, 'web-x7k2p')
    const long = admitPod(manifestOf({ metadata: { generateName: 'w'.repeat(80) }, spec }).value, admission)
    assert.equal(long.metadata.name, `${'w'.repeat(58)}x7k2p`)
  })

  it('says itself who and when', () => {
    const claimed = { name: 'a', uid: 'mine', creationTimestamp: '2001-01-01T00:00:00Z', resourceVersion: '5' }
    const { metadata, status } = admitPod(
      manifestOf({ metadata: claimed, spec, status: { phase: 'Failed' } }).value,
      admission,
    )
    assert.deepEqual(metadata, {
      name: 'a',
      namespace: 'default',
      uid: 'u',
      creationTimestamp: '2026-01-31T12:00:00Z',
      generation: 1,
    })
    assert.deepEqual(status, { phase: 'Pending', qosClass: 'BestEffort' })
  })

  it('leaves a toleration of its own alone', () => {
    const tolerations = [{ operator: 'Exists' }]
    const pod = admitPod(manifestOf({ metadata: { name: 'a' }, spec: { ...spec, tolerations } }).value, admission)
    assert.deepEqual(pod.spec.tolerations, tolerations)
  })
})
