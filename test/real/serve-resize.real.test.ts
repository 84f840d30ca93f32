import assert from 'node:assert/strict'
import { request } from 'node:http'
import { describe, it } from 'node:test'
import { text } from 'node:stream/consumers'
import { type Need, unlessThereIs } from '../needs.ts'
import { pod, shell, UNTIL_STOPPED } from './sample-pods.ts'
import { type ServedPeapod, withServer } from './serve-peapod.ts'
import { openStateDirectory } from './state-directory.ts'

const NEEDS: readonly Need[] = ['root', 'overlay', 'oci-runtime', 'conmon', 'nft', 'busybox']
const OLD = { limits: { cpu: '200m', memory: '64Mi' }, requests: { cpu: '20m', memory: '16Mi' } }
const NEW = { limits: { cpu: '300m', memory: '96Mi' }, requests: { cpu: '30m', memory: '16Mi' } }
const NEVER = { limits: { cpu: '5k', memory: '96Mi' }, requests: { cpu: '5k', memory: '16Mi' } }

/** A merge patch of `pods/sized/resize`. */
async function resize({ socketPath }: ServedPeapod, resources: object): Promise<void> {
  const path = '/api/v1/namespaces/default/pods/sized/resize'
  const headers = { 'content-type': 'application/strategic-merge-patch+json' }
  const answer = await new Promise<{ code: number | undefined; said: string }>((resolve, reject) => {
    const outgoing = request({ socketPath, path, method: 'PATCH', headers, agent: false }, (incoming) => {
      text(incoming).then((said) => resolve({ code: incoming.statusCode, said }), reject)
    })
    outgoing.once('error', reject).end(JSON.stringify({ spec: { containers: [{ name: 'app', resources }] } }))
  })
  assert.equal(answer.code, 200, answer.said)
}

describe('resized pods', { skip: unlessThereIs(...NEEDS) }, () => {
  it('Q6: are resized and stay so under the next server, one that was killed in between included', async () => {
    await using directory = await openStateDirectory()
    await withServer({ stateDirectory: directory.path, args: ['--listen', '127.0.0.1:0'] }, async (server) => {
      const restart = async (): Promise<void> => {
        await server.end('SIGKILL')
        server.start()
        await server.ready()
      }
      const resources = async () => (await server.container('sized', 'app'))?.resources
      const isNow = (limit: string) => async () => (await resources())?.limits?.['cpu'] === limit
      await server.create(pod('sized', { containers: [shell('app', UNTIL_STOPPED, { resources: OLD })] }))
      await server.until('it runs', isNow('200m'))
      await resize(server, NEW)
      await restart()
      await server.until('it is resized', isNow('300m'))
      const before = await server.container('sized', 'app')
      await restart()
      assert.deepEqual(await server.container('sized', 'app'), before)

      await resize(server, NEVER)
      const pending = async () =>
        (await server.pod('sized'))?.status?.conditions?.find(({ type }) => type === 'PodResizePending')
      await server.until('it is refused', async () => (await pending())?.reason === 'Infeasible')
      await restart()
      await server.until('it is refused again', async () => (await pending())?.reason === 'Infeasible')
      assert.deepEqual([await resources(), before?.restartCount], [NEW, 0])
    })
  })
})
