import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { unlessThereIs } from '../needs.ts'
import { type PeapodRun, runPeapod } from './run-peapod.ts'
import { pod, shell } from './sample-pods.ts'
import { openStateDirectory } from './state-directory.ts'

const SETTINGS = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { level: 'high' } }
const KEYS = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys' }, stringData: { word: 'open' } }

describe(
  'ConfigMaps and Secrets beside Pods',
  { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'busybox') },
  () => {
    let state: Awaited<ReturnType<typeof openStateDirectory>>
    before(async () => {
      state = await openStateDirectory()
    })
    after(() => state[Symbol.asyncDispose]())

    const run = (...objects: object[]): PeapodRun => runPeapod({ stateDirectory: state.path, pods: objects })

    it('are there for the Pods of the same command, wherever they stand in it; there is no account', async () => {
      const app = shell('app', 'echo $LEVEL $(cat /keys/word) $(ls /var/run/secrets 2>&1 | wc -l) $KUBERNETES_PORT', {
        env: [{ name: 'LEVEL', valueFrom: { configMapKeyRef: { name: 'settings', key: 'level' } } }],
        volumeMounts: [{ name: 'keys', mountPath: '/keys' }],
      })
      const volumes = [{ name: 'keys', secret: { secretName: 'keys' } }]
      await using ended = run(KEYS, pod('reads', { containers: [app], volumes }), SETTINGS)
      assert.equal(await ended.end(), 0, ended.stderr)
      assert.deepEqual(ended.logOf('app'), ['high open 1'])
    })

    it('are held to the rules of their kinds before anything starts', async () => {
      const bad = { ...SETTINGS, data: { '../x': 'y' }, more: 1 }
      await using refused = run(pod('never', { containers: [shell('app', 'true')] }), bad, KEYS, KEYS)
      assert.equal(await refused.end(), 1)
      assert.match(refused.stderr, /<stdin>:\d+:\d+: more: unknown field/)
      assert.match(refused.stderr, /<stdin>: metadata\.name: Duplicate value: "keys"/)
      assert.deepEqual(refused.podUids, [])
      await using escaping = run(pod('never', { containers: [shell('app', 'true')] }), {
        ...SETTINGS,
        data: { '..x': 'y' },
      })
      assert.equal(await escaping.end(), 1)
      assert.match(escaping.stderr, /data\[\.\.x\]: Invalid value: "\.\.x": must not start with '\.\.'/)
    })
  },
)
