import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeApiServer, sendStatus } from '../../client/fake-api-server.ts'
import { callCli } from '../fake-environment.ts'

const WEB = {
  metadata: { name: 'web', namespace: 'default', uid: 'uid-web' },
  spec: { nodeName: 'here', restartPolicy: 'Always', containers: [{ name: 'app', image: 'nginx' }] },
  status: {
    phase: 'Pending',
    conditions: [{ type: 'PodReadyToStartContainers', status: 'True' }],
    containerStatuses: [
      { name: 'app', ready: false, restartCount: 0, state: { waiting: { reason: 'ContainerCreating' } } },
    ],
  },
}
const PULLING = {
  metadata: { name: 'web.1', namespace: 'default' },
  reason: 'Pulling',
  involvedObject: { name: 'web', uid: 'uid-web', fieldPath: 'spec.containers{app}' },
}

describe('peapod why', { timeout: 10_000 }, () => {
  it('says it in one sentence, with the events of this Pod', async () => {
    await using server = await FakeApiServer.open()
    server.put('pods', WEB)
    server.put('events', PULLING)
    const { endpoint } = server
    const { stdout, exitCode } = await callCli(['why', 'web'], { endpoint })
    assert.equal(exitCode, 0)
    assert.equal(
      stdout,
      'pod "web" waits for the image "nginx" of container "app" to be pulled; a container is made from its image, and a failed ' +
        'pull is tried again after 10 s to 5 min (https://kubernetes.io/docs/concepts/containers/images/#imagepullbackoff)\n',
    )
    assert.ok(server.requests.some((request) => request.includes('involvedObject.uid%3Duid-web')))
    const { says, ...rest } = JSON.parse((await callCli(['why', 'pod/web', '-o', 'json'], { endpoint })).stdout) as {
      says: string
      is: string
    }
    assert.deepEqual([says, rest.is], ['waits for the image "nginx" of container "app" to be pulled', 'waiting'])
  })

  it('does without events when it may not see them', async () => {
    await using server = await FakeApiServer.open()
    server.put('pods', WEB)
    server.intercept = (request, response) => {
      if (request.url?.includes('/events') !== true) return false
      sendStatus(response, 403, 'Forbidden', 'events is forbidden')
      return true
    }
    const { stdout } = await callCli(['why', 'web'], { endpoint: server.endpoint })
    assert.match(stdout, /^pod "web" waits for container "app" to be made and started; .*\(S7, https:/)
  })

  it('of a Pod that is not there there is nothing to say', async () => {
    await using server = await FakeApiServer.open()
    const { exitCode, stderr } = await callCli(['why', 'nope'], { endpoint: server.endpoint })
    assert.deepEqual(
      [exitCode, stderr],
      [1, 'peapod: get pod "nope": the API server answered: pods "nope" not found\n'],
    )
  })
})
