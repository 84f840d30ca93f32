/* eslint-disable @typescript-eslint/no-unsafe-class-instance-assignment, @typescript-eslint/no-misused-spread -- the
   library's models are classes without methods: its documentation, and everybody, passes plain objects */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import {
  ApiException,
  CoreV1Api,
  KubeConfig,
  KubernetesObjectApi,
  Log,
  makeInformer,
  PatchStrategy,
  RbacAuthorizationV1Api,
  setHeaderOptions,
  type V1ConfigMap,
  type V1Pod,
  VersionApi,
  Watch,
} from '@kubernetes/client-node'
import { shell, UNTIL_STOPPED } from '../real/sample-pods.ts'
import { realCluster, ServedCluster } from './served-cluster.ts'

const LIMIT_MS = 30_000
const LOOK_EVERY_MS = 20
const namespace = 'library'

const podCalled = (name: string, script: string): V1Pod => ({
  metadata: { name, labels: { app: name } },
  spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 0, containers: [shell('app', script)] },
})

describe('the official JavaScript client', realCluster, () => {
  let cluster: ServedCluster
  let config: KubeConfig
  let core: CoreV1Api
  before(async () => {
    cluster = await ServedCluster.open()
    config = new KubeConfig()
    config.loadFromFile(cluster.kubeconfig)
    core = config.makeApiClient(CoreV1Api)
    await core.createNamespace({ body: { metadata: { name: namespace } } })
  })
  after(async () => {
    await core.deleteNamespace({ name: namespace })
    await until('the namespace is gone', async () => {
      const { items } = await core.listNamespace()
      return items.every(({ metadata }) => metadata?.name !== namespace)
    })
    await cluster.close()
  })

  it('creates, reads, replaces, patches, lists and deletes', async () => {
    const made = await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: 'one' }, data: { a: '1' } },
    })
    assert.equal(made.metadata?.creationTimestamp instanceof Date, true)
    const replaced = await core.replaceNamespacedConfigMap({
      namespace,
      name: 'one',
      body: { ...made, data: { a: '2' } },
    })
    assert.deepEqual(replaced.data, { a: '2' })
    const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
    const patched = await core.patchNamespacedConfigMap({ namespace, name: 'one', body: { data: { b: '3' } } }, merge)
    assert.deepEqual(patched.data, { a: '2', b: '3' })
    const { items } = await core.listNamespacedConfigMap({ namespace, fieldSelector: 'metadata.name=one' })
    assert.equal(items.length, 1)
    const stale = core.replaceNamespacedConfigMap({ namespace, name: 'one', body: made })
    await assert.rejects(stale, answered(409))
    await core.deleteNamespacedConfigMap({ namespace, name: 'one' })
    const missing = core.readNamespacedConfigMap({ namespace, name: 'one' })
    await assert.rejects(missing, answered(404))
  })

  it('lists page by page', async () => {
    const names = ['p1', 'p2', 'p3', 'p4', 'p5']
    for (const name of names) {
      await core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels: { page: 'yes' } } } })
    }
    const seen: unknown[] = []
    let from: string | undefined
    do {
      const page = await core.listNamespacedConfigMap({
        namespace,
        labelSelector: 'page',
        limit: 2,
        ...(from === undefined ? {} : { _continue: from }),
      })
      assert.ok(page.items.length <= 2)
      seen.push(...page.items.map(({ metadata }) => metadata?.name))
      from = page.metadata?._continue
    } while (from !== undefined)
    assert.deepEqual(seen, names)
    await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'page' })
    assert.equal((await core.listNamespacedConfigMap({ namespace, labelSelector: 'page' })).items.length, 0)
  })

  it('applies on the server, and creates objects of any kind', async () => {
    const objects = KubernetesObjectApi.makeApiClient(config)
    const object: V1ConfigMap & { metadata: object } = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'side', namespace },
      data: { a: '1' },
    }
    await objects.patch(object, undefined, undefined, 'one', false, PatchStrategy.ServerSideApply)
    const other = { ...object, data: { a: '2' } }
    const conflict = objects.patch(other, undefined, undefined, 'two', false, PatchStrategy.ServerSideApply)
    await assert.rejects(conflict, answered(409))
    const forced = await objects.patch(other, undefined, undefined, 'two', true, PatchStrategy.ServerSideApply)
    assert.deepEqual(forced.data, { a: '2' })
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'reader', namespace },
      rules: [],
    }
    await objects.create(role)
    const { items } = await config.makeApiClient(RbacAuthorizationV1Api).listNamespacedRole({ namespace })
    assert.deepEqual(
      items.map(({ metadata }) => metadata?.name),
      ['reader'],
    )
    assert.match((await config.makeApiClient(VersionApi).getCode()).gitVersion, /\+peapod-/)
  })

  it('keeps an informer true while pods come and go', async () => {
    const told: string[] = []
    const path = `/api/v1/namespaces/${namespace}/pods`
    const informer = makeInformer(config, path, () => core.listNamespacedPod({ namespace }))
    for (const verb of ['add', 'update', 'delete'] as const) {
      informer.on(verb, ({ metadata }: V1Pod) => told.push(`${verb} ${metadata?.name ?? ''}`))
    }
    await informer.start()
    await core.createNamespacedPod({ namespace, body: podCalled('seen', 'exit 0') })
    await until('the end is seen', () => informer.get('seen', namespace)?.status?.phase === 'Succeeded')
    await core.deleteNamespacedPod({ namespace, name: 'seen' })
    await until('it is gone', () => informer.get('seen', namespace) === undefined)
    await informer.stop()
    assert.equal(told[0], 'add seen')
    assert.equal(told.at(-1), 'delete seen')
  })

  it('watches with bookmarks until it has seen enough', async () => {
    const seen: string[] = []
    const query = {
      allowWatchBookmarks: true,
      sendInitialEvents: true,
      resourceVersionMatch: 'NotOlderThan',
      timeoutSeconds: 20,
    }
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'first' } } })
    const ended = new PassThrough()
    const watching = await new Watch(config).watch(
      `/api/v1/namespaces/${namespace}/configmaps`,
      query,
      (type: string, object: V1ConfigMap) => {
        const isStart = object.metadata?.annotations?.['k8s.io/initial-events-end'] === 'true'
        seen.push(isStart ? 'synchronised' : `${type} ${object.metadata?.name ?? ''}`)
      },
      () => ended.end(),
    )
    await until('the list is whole', () => seen.includes('synchronised'))
    assert.ok(seen.includes('ADDED first') && seen.indexOf('ADDED first') < seen.indexOf('synchronised'), seen.join())
    await core.deleteNamespacedConfigMap({ namespace, name: 'first' })
    await until('the deletion is seen', () => seen.at(-1) === 'DELETED first')
    watching.abort()
    await once(ended.resume(), 'end')
  })

  it('follows a log', async () => {
    await core.createNamespacedPod({
      namespace,
      body: podCalled('talks', 'for i in 1 2 3; do echo $i; sleep 0.1; done'),
    })
    await until('it has begun', async () => {
      const { status } = await core.readNamespacedPod({ namespace, name: 'talks' })
      return status?.containerStatuses?.[0]?.state?.waiting === undefined
    })
    const said = new PassThrough()
    await new Log(config).log(namespace, 'talks', 'app', said, { follow: true })
    assert.equal(await text(said), '1\n2\n3\n')
    assert.equal(await core.readNamespacedPodLog({ namespace, name: 'talks', tailLines: 1 }), '3\n')
  })

  it('evicts, and writes a status', async () => {
    await core.createNamespacedPod({ namespace, body: podCalled('stays', UNTIL_STOPPED) })
    const merge = setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch)
    const body = { status: { conditions: [{ type: 'example.com/seen', status: 'True' }] } }
    const { status } = await core.patchNamespacedPodStatus({ namespace, name: 'stays', body }, merge)
    assert.ok(status?.conditions?.some(({ type }) => type === 'example.com/seen'))
    await core.createNamespacedPodEviction({
      namespace,
      name: 'stays',
      body: { metadata: { name: 'stays', namespace } },
    })
    await until(
      'it is gone',
      async () =>
        (await core.listNamespacedPod({ namespace, fieldSelector: 'metadata.name=stays' })).items.length === 0,
    )
  })

  it('asks for a token and uses it', async () => {
    const { status } = await core.createNamespacedServiceAccountToken({
      namespace,
      name: 'default',
      body: { spec: { audiences: [], expirationSeconds: 600 } },
    })
    const theirs = new KubeConfig()
    const found = config.getCurrentCluster()
    assert.ok(found)
    theirs.loadFromClusterAndUser(found, { name: 'account', token: status?.token ?? '' })
    const pods = theirs.makeApiClient(CoreV1Api).listNamespacedPod({ namespace })
    await assert.rejects(pods, answered(403, `system:serviceaccount:${namespace}:default`))
  })
})

/** Whether the server answered a call so. */
function answered(code: number, says = ''): (error: unknown) => boolean {
  return (error) => error instanceof ApiException && error.code === code && String(error.body).includes(says)
}

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endsAtMs = performance.now() + LIMIT_MS
  while (!(await isSo())) {
    assert.ok(performance.now() < endsAtMs, `waited for: ${what}`)
    await delay(LOOK_EVERY_MS)
  }
}
