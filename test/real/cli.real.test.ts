import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { findKubectls } from '../kubectl/kubectl.ts'
import { unlessThereIs } from '../needs.ts'
import { callPeapod, type CallResult } from './call-peapod.ts'
import { pod, shell } from './sample-pods.ts'
import { ServedPeapod } from './serve-peapod.ts'
import { openStateDirectory } from './state-directory.ts'

const suite = { skip: unlessThereIs('root', 'overlay', 'oci-runtime', 'conmon', 'nft', 'busybox'), timeout: 240_000 }

/** Of one namespace, as `up` and `down` take them: the namespace comes last, to be put first. */
function manifest(namespace: string, ...pods: readonly object[]): string {
  const inside = pods.map((one) => ({
    ...one,
    metadata: { ...(one as { readonly metadata: object }).metadata, namespace },
  }))
  const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace }, data: { a: 'b' } }
  const objects = [...inside, settings, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }]
  return objects.map((object) => `---\n${JSON.stringify(object)}\n`).join('')
}

const WEB = pod('web', {
  initContainers: [shell('migrate', 'true'), { ...shell('proxy', 'sleep 600'), restartPolicy: 'Always' }],
  containers: [
    {
      ...shell('app', 'sleep 0.3; touch /tmp/up; sleep 600'),
      readinessProbe: { exec: { command: ['test', '-e', '/tmp/up'] }, periodSeconds: 1 },
    },
  ],
})

describe('commands for Pods that stay', suite, () => {
  let state: Awaited<ReturnType<typeof openStateDirectory>>
  let server: ServedPeapod
  let kubeconfig = ''
  before(async () => {
    state = await openStateDirectory()
    server = new ServedPeapod({
      stateDirectory: state.path,
      args: ['--listen', '127.0.0.1:0', '--restart-backoff', 'fast'],
    })
    server.start()
    await server.ready()
    kubeconfig = join(state.path, 'kubeconfig.yaml')
    const { stdout } = await callPeapod(['kubeconfig', '--state-dir', state.path])
    await writeFile(kubeconfig, stdout, { mode: 0o600 })
  })
  after(async () => {
    await server.close()
    await state[Symbol.asyncDispose]()
  })

  const ways: readonly (readonly [namespace: string, way: string, env: () => Record<string, string>])[] = [
    ['by-socket', 'by the socket of the state directory', () => ({ PEAPOD_STATE_DIR: state.path })],
    [
      'by-tls',
      'by the kubeconfig, as in any cluster',
      () => ({ KUBECONFIG: kubeconfig, PEAPOD_STATE_DIR: '/nowhere' }),
    ],
  ]
  for (const [namespace, way, env] of ways) {
    const peapod = async (argv: readonly string[], input?: string): Promise<CallResult> => {
      const context = namespace === 'by-tls' ? ['--context', await contextName(kubeconfig)] : []
      const place = ['-n', namespace, ...context]
      return callPeapod([...argv, ...place], { env: env(), ...(input === undefined ? {} : { input }) })
    }
    const succeeds = async (argv: readonly string[], input?: string): Promise<string> => {
      const { exitCode, stdout, stderr } = await peapod(argv, input)
      assert.equal(exitCode, 0, `${argv.join(' ')}: ${stdout}${stderr}`)
      return stdout
    }

    it(`work ${way}`, async () => {
      const told = await succeeds(['up', '-f', '-'], manifest(namespace, WEB))
      assert.match(
        told,
        new RegExp(`^namespace "${namespace}" created\nconfigmap "settings" created\npod "web" created\n`),
      )
      assert.match(told, /^web\/migrate · exited 0$[^]*^web\/app · ready$[^]*^pod web: ready \(2\/2\) in /m)

      assert.match(
        await succeeds(['ps']),
        /^NAME +READY +STATUS +RESTARTS +AGE +IP\nweb +2\/2 +Running +0 +\S+ +[\d.]+\n├─ proxy +1\/1 +Running .*\n└─ app +1\/1 +Running .*\n$/,
      )
      assert.equal(await succeeds(['ps', '-o', 'name']), 'pod/web\n')
      assert.equal(await succeeds(['wait', 'pod/web', '--for=condition=Ready']), 'pod/web condition met\n')
      assert.equal(
        await succeeds(['wait', 'po', '--all', '--for=jsonpath={.status.phase}=Running']),
        'pod/web condition met\n',
      )
      assert.match(await succeeds(['why', 'web']), /^pod "web" waits for nothing: it is ready; .*\(P5, https:/)
      assert.match(
        await succeeds(['events', '--for', 'pod/web']),
        /Normal +Scheduled +Pod\/web +Successfully assigned /,
      )
      assert.match(await succeeds(['describe', 'pod', 'web']), /^Init Containers:\n {2}migrate:\n[^]*^Events:\n/m)

      const changed = manifest(namespace, WEB).replace('"a":"b"', '"a":"c"')
      assert.match(
        await succeeds(['up', '-f', '-'], changed),
        /^namespace .* unchanged\nconfigmap .* configured\npod .* unchanged\n/,
      )

      const gone = await succeeds(['down', '-f', '-', '--now'], changed)
      assert.deepEqual(gone.trim().split('\n').toSorted(), [
        'configmap "settings" deleted',
        `namespace "${namespace}" deleted`,
        'pod "web" deleted',
      ])
      assert.equal(await succeeds(['down', 'web']), 'pod "web" is not there\n')
    })

    it(`tell what is wrong, ${way}`, async () => {
      const crashing = pod('crashing', { restartPolicy: 'Always', containers: [shell('app', 'exit 3')] })
      const crashed = await peapod(['up', '-f', '-'], manifest(namespace, crashing))
      assert.equal(crashed.exitCode, 1)
      assert.match(crashed.stderr, /^peapod: pod "crashing" is not up: app: CrashLoopBackOff: last time exited 3$/m)
      // Between two crashes it runs for a moment, and then waits for nothing.
      await server.until('why says that it crashes', async () =>
        /^pod "crashing" waits to restart container "app".*: it exited 3; /.test(await succeeds(['why', 'crashing'])),
      )

      const unknown = { ...shell('app', 'true'), image: 'peapod.local/no-such-image' }
      const absent = await peapod(['up', '-f', '-'], manifest(namespace, pod('absent', { containers: [unknown] })))
      assert.equal(absent.exitCode, 1)
      assert.match(absent.stderr, /^peapod: pod "absent" is not up: app: ImagePullBackOff: .*no-such-image/m)

      const greedy = { ...shell('app', 'true'), resources: { requests: { cpu: '4k' } } }
      const waiting = await peapod(
        ['up', '-f', '-', '--timeout', '2s'],
        manifest(namespace, pod('greedy', { containers: [greedy] })),
      )
      assert.equal(waiting.exitCode, 124)
      assert.match(waiting.stderr, /^peapod: pod "greedy" is not up after 2 s: it waits for a node .*Insufficient cpu/m)

      const refused = await peapod(['up', '-f', '-'], manifest(namespace, { ...crashing, spec: { containers: [] } }))
      assert.equal(refused.exitCode, 1)
      assert.match(refused.stderr, /apply pod "crashing": the API server answered: .*spec\.containers: Required value/)

      const names = ['crashing', 'absent', 'greedy']
      assert.equal((await peapod(['wait', 'pod', ...names, '--for=condition=Ready', '--timeout=1s'])).exitCode, 1)
      await succeeds(['down', ...names, '--now'])
      await succeeds(['down', '-f', '-'], manifest(namespace))
    })
  }

  it('describe says what kubectl says', { skip: unlessThereIs('kubectl') }, async () => {
    const env = { PEAPOD_STATE_DIR: state.path }
    await callPeapod(['up', '-f', '-'], { env, input: JSON.stringify(WEB) })
    // Words change from version to version.
    const newest = findKubectls().at(-1)?.path ?? 'kubectl'
    const { stdout: theirs } = await promisify(execFile)(newest, ['--kubeconfig', kubeconfig, 'describe', 'pod', 'web'])
    const { stdout: ours } = await callPeapod(['describe', 'pod', 'web'], { env })
    // Of events in one second kubectl shows no order; ages go on.
    const parts = (text: string): readonly [string | undefined, readonly string[]] => {
      const [about, events = ''] = text.trimEnd().split(/^Events:\n/m)
      return [
        about,
        events
          .replaceAll(/ \d+s(?= )/g, ' AGE')
          .split('\n')
          .map((line) => line.replaceAll(/[ -]+/g, ' '))
          .toSorted(),
      ]
    }
    assert.deepEqual(parts(ours), parts(theirs))
    assert.ok(parts(ours)[1].length > 5, ours)
    await callPeapod(['down', 'web', '--now'], { env })
  })

  it('without a server they say how to get one', async () => {
    const { exitCode, stderr } = await callPeapod(['ps', '--state-dir', join(state.path, 'nothing')])
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      /^peapod: no server runs on ".*"; start "peapod serve" first, or name another cluster with --context$/m,
    )
  })
})

async function contextName(kubeconfig: string): Promise<string> {
  return /^current-context: (\S+)$/m.exec(await readFile(kubeconfig, 'utf8'))?.[1] ?? ''
}
