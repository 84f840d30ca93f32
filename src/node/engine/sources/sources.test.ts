import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Container, Pod, PodSpec } from '../../../kube/api/pod.ts'
import { openMemoryStore } from '../../store/memory-store.ts'
import { CONFIG_MAPS, type ConfigMap, SECRETS } from '../../store/resources.ts'
import { openBench } from '../engine-bench.ts'
import { testContainer, testPod } from '../test-pod.ts'
import { sourcesOf } from './pod-sources.ts'
import { SourceWatch } from './source-watch.ts'

const FROM_SETTINGS: Partial<Container> = { envFrom: [{ configMapRef: { name: 'settings' } }] }

function configMap(name: string, data: Readonly<Record<string, string>> = {}): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name, uid: `uid-of-${name}` }, data }
}

const USES: [rule: string, spec: Partial<PodSpec>, keys: string[]][] = [
  ['none', {}, []],
  [
    'what environments are made of, each once',
    {
      initContainers: [testContainer({ name: 'first', ...FROM_SETTINGS })],
      containers: [
        testContainer({
          ...FROM_SETTINGS,
          env: [
            { name: 'A', valueFrom: { secretKeyRef: { name: 'keys', key: 'a' } } },
            { name: 'B', valueFrom: { configMapKeyRef: { name: 'more', key: 'b' } } },
            { name: 'C', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          ],
        }),
      ],
    },
    ['configmaps/settings', 'secrets/keys', 'configmaps/more'],
  ],
  [
    'what volumes hold',
    {
      serviceAccountName: 'reader',
      volumes: [
        { name: 'a', configMap: { name: 'settings' } },
        { name: 'b', secret: { secretName: 'keys' } },
        {
          name: 'c',
          projected: {
            sources: [
              { configMap: { name: 'more' } },
              { secret: { name: 'others' } },
              { serviceAccountToken: { path: 't' } },
            ],
          },
        },
      ],
    },
    ['configmaps/settings', 'secrets/keys', 'configmaps/more', 'secrets/others', 'serviceaccounts/reader'],
  ],
]

describe('sourcesOf', () => {
  for (const [rule, spec, keys] of USES) {
    it(rule, () => {
      const found = sourcesOf(testPod(spec))
      assert.deepEqual(
        found.map(({ resource, name }) => `${resource.plural}/${name}`),
        keys,
      )
      assert.ok(found.every(({ namespace }) => namespace === 'default'))
    })
  }
})

describe('SourceWatch', () => {
  it('tells who stands on an object when it comes, changes and goes, and nobody else', async () => {
    const store = openMemoryStore()
    const complaints: string[] = []
    const watch = new SourceWatch({ store, log: (line) => complaints.push(line) })
    const heard: string[] = []
    const key = { resource: CONFIG_MAPS, namespace: 'default', name: 'settings' }
    const one = watch.follow([key, { ...key, resource: SECRETS }], () => heard.push('one'))
    const other = watch.follow([key], () => heard.push('other'))
    await store.create(CONFIG_MAPS, configMap('unused'))
    await store.create(CONFIG_MAPS, configMap('settings'))
    await until(() => heard.length === 2)
    one[Symbol.dispose]()
    await store.modify(CONFIG_MAPS, key, (now) => ({ ...now, data: { a: 'b' } }))
    await until(() => heard.length === 3)
    other[Symbol.dispose]()
    await store.delete(CONFIG_MAPS, key)
    const again = watch.follow([key], () => heard.push('again'))
    await store.create(CONFIG_MAPS, configMap('settings'))
    await until(() => heard.length === 4)
    again[Symbol.dispose]()
    await store.close()
    assert.deepEqual(heard, ['one', 'other', 'other', 'again'])
    assert.deepEqual(complaints, [])
  })
})

async function until(holds: () => boolean): Promise<void> {
  const limit = AbortSignal.timeout(5_000)
  while (!holds()) {
    limit.throwIfAborted()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function waitingOf(pod: Pod | undefined): unknown {
  return pod?.status?.containerStatuses?.[0]?.state?.waiting
}

describe('a container whose environment is made of objects', () => {
  it('R9: waits with the words of a Kubernetes node, and starts at once when the object is there', async () => {
    await using bench = await openBench({ app: [{}] })
    await bench.create({ containers: [testContainer(FROM_SETTINGS)] })
    await bench.until('it waits', () => bench.status('app')?.state?.waiting?.reason === 'CreateContainerConfigError')
    assert.deepEqual(waitingOf(bench.pod), {
      reason: 'CreateContainerConfigError',
      message: 'configmap "settings" not found',
    })
    assert.deepEqual(bench.told('Failed'), ['Error: configmap "settings" not found'])
    await bench.store.create(CONFIG_MAPS, configMap('settings', { A: '1', '2b': '2' }))
    // No time passes on the bench's clock.
    await bench.until('it runs', () => bench.status('app')?.state?.running !== undefined)
    assert.deepEqual(bench.told('InvalidEnvironmentVariableNames'), [
      'Keys [2b] from the EnvFrom configMap default/settings were skipped since they are considered invalid environment variable names.',
    ])
  })

  it('S2: takes what the init container before it has made', async () => {
    await using bench = await openBench({ first: [{ exitsAfterMs: 5 }], app: [{}] })
    await bench.create({
      initContainers: [testContainer({ name: 'first' })],
      containers: [testContainer(FROM_SETTINGS)],
    })
    await bench.until('first runs', () => bench.status('first')?.state?.running !== undefined)
    await bench.store.create(CONFIG_MAPS, configMap('settings'))
    await bench.clock.advance(5)
    await bench.until('app runs', () => bench.status('app')?.state?.running !== undefined)
    assert.deepEqual(bench.told('Failed'), [])
  })
})
