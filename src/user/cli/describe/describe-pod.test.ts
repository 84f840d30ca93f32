import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fillPodDefaults } from '../../../kube/api/pod-defaults.ts'
import type { Pod } from '../../../kube/api/pod.ts'
import { FakeApiServer } from '../../client/fake-api-server.ts'
import type { PodEvent } from '../../client/resource-type.ts'
import { callCli } from '../fake-environment.ts'
import { alignTabs } from './align-tabs.ts'
import { describePod } from './describe-pod.ts'

process.env['TZ'] = 'UTC'
const NOW_MS = Date.parse('2026-11-20T10:00:00Z')
const TESTDATA = new URL('../../../../test/kubectl/testdata/recorded-pods.json', import.meta.url)

/** A pod that a Kubernetes node ran, and what `kubectl describe` showed of it in the end. */
interface RecordedPod {
  readonly name: string
  readonly spec: Pod['spec']
  readonly steps: readonly { readonly status: NonNullable<Pod['status']> }[]
  readonly description?: readonly string[]
}

const recorded = (JSON.parse(readFileSync(TESTDATA, 'utf8')) as readonly RecordedPod[]).flatMap((pod) =>
  pod.description === undefined ? [] : [{ ...pod, description: `${pod.description.join('\n').trimEnd()}\n` }],
)

/** With what that server added to every pod. */
function storedPod({ name, spec, steps }: Pick<RecordedPod, 'name' | 'spec' | 'steps'>): Pod {
  const token = 'default-token-bwmcq'
  const mount = { name: token, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true }
  const mounted = (containers: Pod['spec']['containers']): Pod['spec']['containers'] =>
    containers.map((container) => ({ ...container, volumeMounts: [...(container.volumeMounts ?? []), mount] }))
  const status = steps.at(-1)?.status
  return fillPodDefaults({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'recorded', uid: 'u' },
    spec: {
      ...spec,
      ...(spec.initContainers === undefined ? {} : { initContainers: mounted(spec.initContainers) }),
      containers: mounted(spec.containers),
      volumes: [...(spec.volumes ?? []), { name: token, secret: { secretName: token } }],
      serviceAccountName: 'default',
      priority: 0,
      tolerations: ['not-ready', 'unreachable'].map((key) => ({
        key: `node.kubernetes.io/${key}`,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      })),
      ...(status?.startTime === undefined ? {} : { nodeName: 'ksuite-node' }),
    },
    ...(status === undefined ? {} : { status }),
  }) as unknown as Pod
}

const EVENT = /^ {2}(\S+) +(\S+) +(?:<unknown>|(\d+)s(?: \(x(\d+) over (\d+)s\))?) +(\S+) +(.*)$/

/** The events that show so: of their times only the ages are known. */
function eventsIn(description: string): readonly PodEvent[] {
  const at = (secondsAgo = '0'): string => new Date(NOW_MS - Number(secondsAgo) * 1_000).toISOString()
  const lines =
    description
      .split(/^Events:.*\n/m)[1]
      ?.split('\n')
      .slice(2) ?? []
  return lines.flatMap((line) => {
    const [, type, reason, last, count, first = last, component, message = ''] = EVENT.exec(line) ?? []
    if (type === undefined || reason === undefined) return []
    const times = last === undefined ? {} : { firstTimestamp: at(first), lastTimestamp: at(last) }
    const event = { type, reason, count: Number(count ?? 1), source: { component }, message, ...times }
    return [{ ...event, metadata: { name: 'e' }, involvedObject: {} } as unknown as PodEvent]
  })
}

describe('pods of a real node, described', () => {
  for (const pod of recorded) {
    it(pod.name, () => {
      assert.equal(describePod(storedPod(pod), eventsIn(pod.description), NOW_MS), pod.description)
    })
  }
  it('are enough to tell', () => assert.ok(recorded.length > 15))
})

const RICH = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'rich',
    namespace: 'shop',
    uid: 'u',
    labels: { tier: 'web', app: 'shop' },
    annotations: {
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
      note: 'short',
      long: `first\n${'x'.repeat(150)}\n`,
    },
    ownerReferences: [{ kind: 'Job', name: 'import', controller: true }],
    deletionTimestamp: '2026-11-20T09:59:50Z',
    deletionGracePeriodSeconds: 30,
  },
  spec: {
    nodeSelector: { disk: 'ssd' },
    readinessGates: [{ conditionType: 'example.org/up' }],
    securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    topologySpreadConstraints: [
      {
        topologyKey: 'zone',
        whenUnsatisfiable: 'DoNotSchedule',
        maxSkew: 1,
        labelSelector: { matchLabels: { a: 'b' } },
      },
    ],
    tolerations: [{ operator: 'Exists' }, { key: 'gpu', value: 'yes', effect: 'NoSchedule' }],
    containers: [
      {
        name: 'app',
        image: 'nginx',
        args: ['-c', 'one\ntwo'],
        ports: [
          { name: 'http', containerPort: 80, protocol: 'TCP' },
          { containerPort: 53, hostPort: 5353, protocol: 'UDP' },
        ],
        resources: { limits: { memory: '64Mi', cpu: '500m' }, requests: { cpu: '100m' } },
        env: [
          { name: 'PLAIN', value: 'a\nb' },
          { name: 'NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: "metadata.labels['app']" } } },
          { name: 'IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } },
          { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
          { name: 'MEM', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '0' } } },
          { name: 'REQ', valueFrom: { resourceFieldRef: { resource: 'requests.memory' } } },
          { name: 'KEY', valueFrom: { secretKeyRef: { name: 's', key: 'k', optional: true } } },
          { name: 'CONF', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } },
        ],
        envFrom: [{ configMapRef: { name: 'c' }, prefix: 'C_' }, { secretRef: { name: 's', optional: true } }],
        livenessProbe: {
          httpGet: { path: '/ok', port: 'http', scheme: 'HTTPS' },
          timeoutSeconds: 1,
          periodSeconds: 10,
          successThreshold: 1,
          failureThreshold: 3,
        },
        startupProbe: {
          grpc: { port: 9, service: '' },
          timeoutSeconds: 1,
          periodSeconds: 10,
          successThreshold: 1,
          failureThreshold: 3,
        },
        volumeMounts: [
          { name: 'work', mountPath: '/work', subPath: 'in' },
          { name: 'conf', mountPath: '/etc/conf', readOnly: true },
        ],
      },
    ],
    volumes: [
      { name: 'work', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      { name: 'conf', configMap: { name: 'c', optional: true } },
      { name: 'host', hostPath: { path: '/srv' } },
      { name: 'claim', persistentVolumeClaim: { claimName: 'data' } },
      { name: 'about', downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
      {
        name: 'all',
        projected: {
          sources: [
            { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
            { configMap: { name: 'root' } },
            { downwardAPI: {} },
            { secret: { name: 's' } },
          ],
        },
      },
    ],
  },
  status: {
    phase: 'Running',
    podIP: '10.0.0.1',
    podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }],
    qosClass: 'Burstable',
  },
}

describe('what those pods did not have', () => {
  // The text is that of kubectl 1.33, with three differences: newer versions name ports, and say whether projected objects are
  // optional without showing an address in memory; and the value of a label is known, while kubectl shows none.
  it('is described as kubectl does', () => {
    assert.equal(
      describePod(RICH as unknown as Pod, undefined, NOW_MS),
      readFileSync(new URL('testdata/rich-pod.describe.txt', import.meta.url), 'utf8'),
    )
  })
})

describe('columns', () => {
  const CASES: [rule: string, text: string, aligned: string][] = [
    ['a column is as wide as its widest cell', 'a\tb\nlong\tc', 'a     b\nlong  c'],
    ['a line without a cell ends it', 'long\tb\nx\na\tc', 'long  b\nx\na  c'],
    ['what follows the last tab is in no column', 'a\tlonger\tx\nb\tc', 'a  longer  x\nb  c'],
    ['letters count, not bytes', 'é\tb\nab\tc', 'é   b\nab  c'],
    ['an empty cell takes its place', '\tb\nabc\td', '     b\nabc  d'],
  ]
  for (const [rule, text, aligned] of CASES) it(rule, () => assert.equal(alignTabs(text), aligned))
})

describe('peapod describe', { timeout: 10_000 }, () => {
  it('names Pods as kubectl does, asks for the events of each, and puts two blank lines between them', async () => {
    await using server = await FakeApiServer.open()
    for (const name of ['a', 'b']) {
      server.put('pods', { metadata: { name, namespace: 'default', uid: name }, spec: { containers: [] }, status: {} })
    }
    const { endpoint } = server
    const both = await callCli(['describe', 'pod', 'a', 'b'], { endpoint })
    assert.deepEqual(
      [...both.stdout.matchAll(/^Name: +(.*)$/gm)].map(([, name]) => name),
      ['a', 'b'],
    )
    assert.match(both.stdout, /^Events: +<none>\n\n\nName:/m)
    assert.ok(server.requests.some((request) => request.includes('involvedObject.uid%3Da')))
    assert.equal((await callCli(['describe', 'pods'], { endpoint })).stdout, both.stdout)
    assert.equal((await callCli(['describe', 'pod/a', 'po/b'], { endpoint })).stdout, both.stdout)
    assert.doesNotMatch((await callCli(['describe', 'po', 'a', '--no-events'], { endpoint })).stdout, /Events/)
    const node = await callCli(['describe', 'node', 'a'], { endpoint })
    assert.match(node.stderr, /^peapod: describe knows Pods alone: .* got "node"\n$/)
  })
})
