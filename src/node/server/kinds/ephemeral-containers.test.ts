import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EphemeralContainer, Pod } from '../../../kube/api/pod.ts'
import { PODS } from '../../store/resources.ts'
import { PODS_PATH, type Reply, TestServer } from '../test-server.ts'

const POD_PATH = `${PODS_PATH}/web`
const PATH = `${POD_PATH}/ephemeralcontainers`
const STRATEGIC = { 'content-type': 'application/strategic-merge-patch+json' }
const MERGE = { 'content-type': 'application/merge-patch+json' }
const JSON_PATCH = { 'content-type': 'application/json-patch+json' }
const APPLY = { 'content-type': 'application/apply-patch+yaml' }

/** As `kubectl debug` sends it. */
const DEBUGGER = {
  name: 'debugger',
  image: 'busybox',
  imagePullPolicy: 'IfNotPresent',
  resources: {},
  stdin: true,
  targetContainerName: 'app',
  terminationMessagePolicy: 'File',
  tty: true,
}
const SPEC = {
  containers: [{ name: 'app', image: 'busybox:1.36' }],
  initContainers: [{ name: 'first', image: 'busybox:1.36' }],
  volumes: [{ name: 'data', emptyDir: {} }],
}

async function serverWithPod(): Promise<TestServer> {
  const server = await TestServer.open()
  const reply = await server.send('POST', PODS_PATH, { body: { metadata: { name: 'web' }, spec: SPEC } })
  assert.equal(reply.code, 201, reply.text)
  return server
}

const podIn = ({ store }: TestServer): Pod | undefined => store.get(PODS, { namespace: 'default', name: 'web' })

const add = (server: TestServer, ...containers: readonly object[]): Promise<Reply> =>
  server.send('PATCH', PATH, { body: { spec: { ephemeralContainers: containers } }, headers: STRATEGIC })

describe('the ephemeral containers of a pod', () => {
  it('C1: are added by a strategic merge patch, with their defaults', async () => {
    await using server = await serverWithPod()
    const reply = await add(server, DEBUGGER)
    assert.equal(reply.code, 200, reply.text)
    const pod = podIn(server)
    assert.deepEqual(reply.json, pod)
    const { spec, metadata } = pod ?? assert.fail()
    assert.deepEqual(spec.ephemeralContainers, [{ ...DEBUGGER, terminationMessagePath: '/dev/termination-log' }])
    assert.equal(metadata.generation, 2)
    const owners = metadata.managedFields?.filter(({ subresource }) => subresource === 'ephemeralcontainers')
    assert.deepEqual(
      owners?.map(({ operation, fieldsV1 }) => [operation, Object.keys(Object(fieldsV1) as object)]),
      [['Update', ['f:spec']]],
    )
  })

  it('C1: more come beside them', async () => {
    await using server = await serverWithPod()
    await add(server, DEBUGGER)
    const reply = await add(server, { name: 'second', image: 'busybox' })
    assert.equal(reply.code, 200, reply.text)
    const names = podIn(server)?.spec.ephemeralContainers?.map(({ name }) => name)
    assert.deepEqual(names?.toSorted(), ['debugger', 'second'])
  })

  const ways: [way: string, method: string, headers: Record<string, string>, body: (pod: Pod) => object][] = [
    ['a merge patch', 'PATCH', MERGE, () => ({ spec: { ephemeralContainers: [DEBUGGER] } })],
    ['a JSON patch', 'PATCH', JSON_PATCH, () => [{ op: 'add', path: '/spec/ephemeralContainers', value: [DEBUGGER] }]],
    ['PUT', 'PUT', {}, (pod) => ({ ...pod, spec: { ...pod.spec, ephemeralContainers: [DEBUGGER] } })],
  ]
  for (const [way, method, headers, body] of ways) {
    it(`C1: are added by ${way}`, async () => {
      await using server = await serverWithPod()
      const reply = await server.send(method, PATH, { body: body(podIn(server) ?? assert.fail()), headers })
      assert.equal(reply.code, 200, reply.text)
      assert.equal(podIn(server)?.spec.ephemeralContainers?.length, 1)
    })
  }

  it('C1: are added by server-side apply, which owns them', async () => {
    await using server = await serverWithPod()
    const body = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec: { ephemeralContainers: [DEBUGGER] } }
    const reply = await server.send('PATCH', `${PATH}?fieldManager=me`, { body, headers: APPLY })
    assert.equal(reply.code, 200, reply.text)
    const owner = podIn(server)?.metadata.managedFields?.find(({ manager }) => manager === 'me')
    assert.deepEqual([owner?.operation, owner?.subresource], ['Apply', 'ephemeralcontainers'])
  })

  it('C1: nothing else that comes with them is heard', async () => {
    await using server = await serverWithPod()
    const patch = {
      metadata: { labels: { a: 'b' } },
      spec: { ephemeralContainers: [DEBUGGER], containers: [{ name: 'app', image: 'other' }], nodeName: 'x' },
    }
    const reply = await server.send('PATCH', PATH, { body: patch, headers: STRATEGIC })
    assert.equal(reply.code, 200, reply.text)
    const { metadata, spec } = podIn(server) ?? assert.fail()
    assert.deepEqual(
      [metadata.labels, spec.containers[0]?.image, spec.nodeName],
      [undefined, 'busybox:1.36', undefined],
    )
  })

  it('C1: are read with their pod', async () => {
    await using server = await serverWithPod()
    await add(server, DEBUGGER)
    const { code, json } = await server.send('GET', PATH)
    assert.equal(code, 200)
    assert.deepEqual(json, podIn(server))
  })

  it('C4: do not keep the rest of the pod from changing', async () => {
    await using server = await serverWithPod()
    await add(server, DEBUGGER)
    const labels = await server.send('PATCH', POD_PATH, { body: { metadata: { labels: { a: 'b' } } }, headers: MERGE })
    assert.equal(labels.code, 200, labels.text)
    const more = { spec: { ephemeralContainers: [{ name: 'x', image: 'y' }] } }
    const added = await server.send('PATCH', POD_PATH, { body: more, headers: STRATEGIC })
    assert.equal(added.code, 422, added.text)
    assert.match(String(added.json.message), /spec: Forbidden: pod updates may not change fields other than/)
    assert.equal(podIn(server)?.metadata.generation, 2)
  })

  it('a version that is not the newest is refused', async () => {
    await using server = await serverWithPod()
    const old = podIn(server) ?? assert.fail()
    await add(server, DEBUGGER)
    const { code } = await server.send('PUT', PATH, { body: old })
    assert.equal(code, 409)
  })

  it('an unknown field is refused when it is to be', async () => {
    await using server = await serverWithPod()
    const body = { spec: { ephemeralContainers: [{ ...DEBUGGER, imag: 'x' }] } }
    const strict = await server.send('PATCH', `${PATH}?fieldValidation=Strict`, { body, headers: MERGE })
    assert.deepEqual([strict.code, podIn(server)?.metadata.generation], [422, 1])
    assert.match(String(strict.json.message), /unknown field "spec.ephemeralContainers\[0\].imag"/)
  })

  it('cannot be deleted', async () => {
    await using server = await serverWithPod()
    assert.equal((await server.send('DELETE', PATH)).code, 405)
  })
})

const NOT_FOR_ONE = 'Forbidden: cannot be set for an Ephemeral Container'
const at = 'spec.ephemeralContainers[0]'

describe('an ephemeral container is refused', () => {
  const rows: [why: string, change: object, problems: readonly string[]][] = [
    ['without a name', { name: '' }, [`${at}.name: Required value`]],
    ['without an image', { image: '' }, [`${at}.image: Required value`]],
    ['with the name of an app container', { name: 'app' }, [`${at}.name: Duplicate value: "app"`]],
    ['with the name of an init container', { name: 'first' }, [`${at}.name: Duplicate value: "first"`]],
    [
      'when its target is not there',
      { targetContainerName: 'nobody' },
      [`${at}.targetContainerName: Not found: "nobody"`],
    ],
    [
      'when its target is itself',
      { targetContainerName: 'debugger' },
      [`${at}.targetContainerName: Not found: "debugger"`],
    ],
    ['with ports', { ports: [{ containerPort: 80 }] }, [`${at}.ports: ${NOT_FOR_ONE}`]],
    ['with resources', { resources: { limits: { cpu: '1' } } }, [`${at}.resources: ${NOT_FOR_ONE}`]],
    ['with a restart policy', { restartPolicy: 'Always' }, [`${at}.restartPolicy: ${NOT_FOR_ONE}`]],
    [
      'with a resize policy',
      { resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }] },
      [`${at}.resizePolicy: ${NOT_FOR_ONE}`],
    ],
    [
      'with probes and hooks',
      {
        livenessProbe: { tcpSocket: { port: 80 } },
        readinessProbe: { tcpSocket: { port: 80 } },
        startupProbe: { tcpSocket: { port: 80 } },
        lifecycle: { preStop: { sleep: { seconds: 1 } } },
      },
      ['livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'].map((name) => `${at}.${name}: ${NOT_FOR_ONE}`),
    ],
    [
      'with part of a volume',
      { volumeMounts: [{ name: 'data', mountPath: '/data', subPath: 'a' }] },
      [`${at}.volumeMounts[0].subPath: ${NOT_FOR_ONE}`],
    ],
    [
      'with a volume that is not there',
      { volumeMounts: [{ name: 'other', mountPath: '/data' }] },
      [`${at}.volumeMounts[0].name: Not found: "other"`],
    ],
    [
      'with what is not carried out',
      { securityContext: { windowsOptions: { runAsUserName: 'me' } } },
      [`${at}.securityContext.windowsOptions: windowsOptions is not carried out by peapod yet; remove it`],
    ],
  ]
  for (const [why, change, problems] of rows) {
    it(`C1: ${why}`, async () => {
      await using server = await serverWithPod()
      const reply = await add(server, { ...DEBUGGER, ...change })
      const expected = problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`
      assert.deepEqual([reply.code, reply.json.message], [422, `Pod "web" is invalid: ${String(expected)}`])
      assert.equal(podIn(server)?.spec.ephemeralContainers, undefined)
    })
  }

  it('C1: twice', async () => {
    await using server = await serverWithPod()
    const body = { spec: { ephemeralContainers: [DEBUGGER, DEBUGGER] } }
    const reply = await server.send('PATCH', PATH, { body, headers: MERGE })
    assert.equal(
      reply.json.message,
      'Pod "web" is invalid: spec.ephemeralContainers[1].name: Duplicate value: "debugger"',
    )
  })

  it('C1: in a pod that is created, and in a template', async () => {
    await using server = await TestServer.open()
    const spec = { ...SPEC, ephemeralContainers: [DEBUGGER] }
    const pod = await server.send('POST', PODS_PATH, { body: { metadata: { name: 'web' }, spec } })
    assert.equal(pod.json.message, 'Pod "web" is invalid: spec.ephemeralContainers: Forbidden: cannot be set on create')
    const body = { metadata: { name: 'web' }, template: { spec } }
    const template = await server.send('POST', '/api/v1/namespaces/default/podtemplates', { body })
    const why = 'ephemeral containers not allowed in pod template'
    assert.equal(
      template.json.message,
      `PodTemplate "web" is invalid: template.spec.ephemeralContainers: Forbidden: ${why}`,
    )
  })
})

describe('an ephemeral container that is there', () => {
  const rows: [why: string, change: (one: EphemeralContainer) => object | null, message: string][] = [
    ['is not removed', () => null, 'existing ephemeral containers "debugger" may not be removed\n'],
    [
      'is not changed',
      (one) => ({ ...one, image: 'other' }),
      'existing ephemeral containers "debugger" may not be changed\nimage: "busybox" to "other"',
    ],
  ]
  for (const [why, change, message] of rows) {
    it(`C1: ${why}`, async () => {
      await using server = await serverWithPod()
      await add(server, DEBUGGER)
      const [one = assert.fail()] = podIn(server)?.spec.ephemeralContainers ?? []
      const changed = change(one)
      const body = { spec: { ephemeralContainers: changed === null ? null : [changed] } }
      const reply = await server.send('PATCH', PATH, { body, headers: MERGE })
      assert.deepEqual(
        [reply.code, reply.json.message],
        [422, `Pod "web" is invalid: spec.ephemeralContainers: Forbidden: ${message}`],
      )
      assert.equal(podIn(server)?.metadata.generation, 2)
    })
  }
})
