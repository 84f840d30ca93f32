import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { fillPodDefaults } from '../../src/kube/api/pod-defaults.ts'
import type { Pod } from '../../src/kube/api/pod.ts'
import { TestServer } from '../../src/node/server/test-server.ts'
import type { ObjectKey, Store } from '../../src/node/store/store.ts'
import { type Event, EVENTS, PODS } from '../../src/node/store/resources.ts'
import { unlessThereIs } from '../needs.ts'
import { findKubectls, Kubectl } from './kubectl.ts'

/** A pod of a Kubernetes 1.20 node, as a watch saw it, and what kubectl showed of it. */
interface RecordedPod {
  readonly name: string
  readonly spec: Pod['spec']
  readonly steps: readonly Step[]
  /** `0/1 Pending 0` and so on, each once. They were looked at from time to time: some may have been missed. */
  readonly rows: readonly string[]
  /** In the order of the description. */
  readonly events?: readonly { type: string; reason: string; message: string; source: string; count?: number }[]
  /** Absent for pods that were deleted. */
  readonly description?: readonly string[]
}

interface Step {
  readonly status: Pod['status']
  readonly deletionTimestamp?: string
  readonly deletionGracePeriodSeconds?: number
  readonly deleted?: true
}

const RECORDED = JSON.parse(
  readFileSync(new URL('testdata/recorded-pods.json', import.meta.url), 'utf8'),
) as readonly RecordedPod[]
const NOTHING_YET: Step = { status: { phase: 'Pending' } }
const LAST_ROW_LIMIT_MS = 30_000
const suite = { skip: unlessThereIs('kubectl') }

/** The pod with what the recorded server added: defaults that `describe` shows, a token's volume. */
function storedPod({ name, spec, steps }: RecordedPod, step: Step): Pod {
  const mounts = [
    { name: 'default-token-bwmcq', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
  ]
  const withMounts = (containers: Pod['spec']['containers']): Pod['spec']['containers'] =>
    containers.map((container) => ({ ...container, volumeMounts: [...(container.volumeMounts ?? []), ...mounts] }))
  const tolerations = ['not-ready', 'unreachable'].map((key) => ({
    key: `node.kubernetes.io/${key}`,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: 300,
  }))
  const isPlaced = steps.some(({ status }) => status?.startTime !== undefined)
  return fillPodDefaults({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'recorded',
      uid: `uid-of-${name}`,
      creationTimestamp: new Date().toISOString(),
      ...(step.deletionTimestamp === undefined
        ? {}
        : {
            deletionTimestamp: step.deletionTimestamp,
            deletionGracePeriodSeconds: step.deletionGracePeriodSeconds ?? 0,
          }),
    },
    spec: {
      ...spec,
      ...(spec.initContainers === undefined ? {} : { initContainers: withMounts(spec.initContainers) }),
      containers: withMounts(spec.containers),
      volumes: [
        ...(spec.volumes ?? []),
        { name: 'default-token-bwmcq', secret: { secretName: 'default-token-bwmcq', defaultMode: 420 } },
      ],
      serviceAccountName: 'default',
      priority: 0,
      tolerations,
      ...(isPlaced ? { nodeName: 'ksuite-node' } : {}),
    },
    ...(step.status === undefined ? {} : { status: step.status }),
  }) as unknown as Pod
}

/** The events of a pod, each a second after the one before it: in this order they are described. */
function storedEvents({ name, events = [] }: RecordedPod): Event[] {
  return events.map(({ type, reason, message, source, count }, index) => {
    const time = new Date(Date.now() - 60_000 + index * 1000).toISOString().replace(/\.\d+/, '')
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}.${index}`, namespace: 'recorded', uid: `event-${name}-${index}` },
      involvedObject: { kind: 'Pod', namespace: 'recorded', name, uid: `uid-of-${name}` },
      type,
      reason,
      message,
      // The scheduler tells of its own as newer components do.
      ...(count === undefined
        ? { eventTime: time.replace('Z', '.000000Z'), reportingComponent: source }
        : { source: { component: source }, count, firstTimestamp: time, lastTimestamp: time }),
    }
  })
}

function named(name: string): RecordedPod {
  return { name, spec: { containers: [{ name: 'a', image: 'a' }] } as unknown as Pod['spec'], steps: [], rows: [] }
}

/** Lets every pod go through what it went through, and then one appear that is called `end`. */
async function replay(store: Store): Promise<void> {
  const key = (name: string): ObjectKey => ({ namespace: 'recorded', name })
  for (const recorded of RECORDED) {
    for (const event of storedEvents(recorded)) await store.create(EVENTS, event)
    for (const [index, step] of recorded.steps.entries()) {
      const pod = storedPod(recorded, step)
      if (index === 0) await store.create(PODS, pod)
      else if (step.deleted === true) await store.delete(PODS, key(recorded.name))
      else await store.update(PODS, pod)
    }
  }
  await store.delete(PODS, key('begin'))
  await store.create(PODS, storedPod(named('end'), NOTHING_YET))
}

/** Ages and the widths of the columns of events differ with every run. */
function linesOf(description: string): readonly string[] {
  const [about = '', events = ''] = description.trimEnd().split(/(?<=^Events:.*\n)/m)
  const ages = events.replaceAll(/\b\d+[smh](\d+s)?(?=[ )])/g, 'AGE').replaceAll(/-+/g, '-')
  return `${about}${ages.replaceAll(/ +/g, ' ')}`.split('\n').map((line) => line.trimEnd())
}

for (const program of suite.skip === false ? findKubectls() : [{ version: 'any', path: '' }]) {
  describe(`kubectl ${program.version} shows pods of a real node as it did there`, suite, () => {
    let server: TestServer
    let url: string
    let kubectl: Kubectl
    const create = (name: string): Promise<Pod> => server.store.create(PODS, storedPod(named(name), NOTHING_YET))
    before(async () => {
      server = await TestServer.open({ loopbackPort: 0, clock: { nowMs: Date.now } })
      await server.send('POST', '/api/v1/namespaces', { body: { metadata: { name: 'recorded' } } })
      url = `http://127.0.0.1:${server.loopbackPort}`
      kubectl = new Kubectl(program, url)
    })
    after(async () => {
      kubectl[Symbol.dispose]()
      await server[Symbol.asyncDispose]()
    })

    it('row by row', async () => {
      const shown = new Map<string, string[]>()
      const args = [
        '--kubeconfig=/dev/null',
        '--server',
        url,
        '-n',
        'recorded',
        'get',
        'pods',
        '--watch',
        '--no-headers',
      ]
      const watching = spawn(program.path, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: LAST_ROW_LIMIT_MS })
      const closed = once(watching, 'close')
      await create('begin')
      const lines = createInterface({ input: watching.stdout })
      for await (const line of lines) {
        const [name = '', ready, status, restarts] = line.split(/ +/)
        if (name === 'begin' && shown.size === 0) await replay(server.store)
        if (name === 'end') break
        const rows = shown.get(name) ?? []
        const row = [ready, status, restarts].join(' ')
        if (rows.at(-1) !== row) shown.set(name, [...rows, row])
      }
      watching.kill()
      await closed
      for (const { name, rows } of RECORDED) assert.deepEqual(shown.get(name), rows, name)
    })

    it('described at the end', async () => {
      const printed = await kubectl.ok('describe pods -n recorded')
      const described = new Map(
        printed.split(/\n\n\n(?=Name: )/).map((text) => [/\S+$/m.exec(text)?.[0], linesOf(text)]),
      )
      for (const { name, description } of RECORDED) {
        if (description !== undefined) assert.deepEqual(described.get(name), linesOf(description.join('\n')), name)
      }
    })
  })
}
