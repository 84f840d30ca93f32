import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PODS_PATH, TestServer } from '../test-server.ts'
import { PODS } from '../../store/resources.ts'

const BINDINGS_PATH = '/api/v1/namespaces/default/bindings'
const HERE = { target: { apiVersion: 'v1', kind: 'Node', name: 'here' } }

async function serverWithPod(): Promise<TestServer> {
  const server = await TestServer.open()
  await server.createPod('web', { spec: { nodeName: undefined } })
  return server
}

const podIn = ({ store }: TestServer) => store.get(PODS, { namespace: 'default', name: 'web' })

describe('a Binding', () => {
  const ways: [way: string, path: string, body: object][] = [
    ['posted to the pod', `${PODS_PATH}/web/binding`, HERE],
    ['posted to the bindings of the namespace', BINDINGS_PATH, { metadata: { name: 'web' }, ...HERE }],
  ]
  for (const [way, path, body] of ways) {
    it(`${way} gives the pod its node`, async () => {
      await using server = await serverWithPod()
      const reply = await server.send('POST', path, { body })
      assert.deepEqual(
        [reply.code, reply.json],
        [201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }],
      )
      const pod = podIn(server)
      assert.equal(pod?.spec.nodeName, 'here')
      assert.deepEqual(pod.status?.conditions, [
        {
          type: 'PodScheduled',
          status: 'True',
          observedGeneration: 1,
          lastTransitionTime: '2026-01-02T03:04:05Z',
        },
      ])
    })
  }

  it('brings its annotations along', async () => {
    await using server = await serverWithPod()
    const body = { metadata: { name: 'web', annotations: { by: 'me' } }, ...HERE }
    await server.send('POST', `${PODS_PATH}/web/binding`, { body })
    assert.deepEqual(podIn(server)?.metadata.annotations, { by: 'me' })
  })

  it('that is only tried changes nothing', async () => {
    await using server = await serverWithPod()
    const { code } = await server.send('POST', `${PODS_PATH}/web/binding?dryRun=All`, { body: HERE })
    assert.deepEqual([code, podIn(server)?.spec.nodeName], [201, undefined])
  })

  const refused: [why: string, body: object, code: number, message: string][] = [
    ['without a node', {}, 422, 'Binding "" is invalid: target.name: Required value'],
    [
      'to something else than a node',
      { target: { kind: 'Pod', name: 'x' } },
      422,
      'Binding "" is invalid: target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>"',
    ],
    [
      'of another pod',
      { metadata: { name: 'other' }, ...HERE },
      400,
      'name in URL does not match name in Binding object',
    ],
    [
      'of another pod of that name',
      { metadata: { uid: 'old' }, ...HERE },
      409,
      'Operation cannot be fulfilled on pods "web": Precondition failed: UID in precondition: old, UID in object meta: uid-5',
    ],
  ]
  for (const [why, body, code, message] of refused) {
    it(`${why} is refused`, async () => {
      await using server = await serverWithPod()
      const reply = await server.send('POST', `${PODS_PATH}/web/binding`, { body })
      assert.deepEqual([reply.code, reply.json.message], [code, message])
    })
  }

  it('of a pod that has a node is refused', async () => {
    await using server = await TestServer.open()
    await server.createPod('web')
    const reply = await server.send('POST', `${PODS_PATH}/web/binding`, { body: HERE })
    const why = 'pod web is already assigned to node "test-node"'
    assert.equal(reply.code, 409)
    assert.equal(reply.json.message, `Operation cannot be fulfilled on pods/binding "web": ${why}`)
  })

  it('of a pod that is not there is refused', async () => {
    await using server = await TestServer.open()
    const { code, json } = await server.send('POST', `${PODS_PATH}/web/binding`, { body: HERE })
    assert.deepEqual([code, json.message], [404, 'pods "web" not found'])
  })

  it('cannot be read', async () => {
    await using server = await TestServer.open()
    for (const path of [BINDINGS_PATH, `${PODS_PATH}/web/binding`]) assert.equal((await server.get(path)).code, 405)
  })
})
