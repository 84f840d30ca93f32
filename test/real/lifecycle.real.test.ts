import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { unlessThereIs } from '../needs.ts'
import { readPod, statusOf } from './read-pod.ts'
import { runPeapod } from './run-peapod.ts'
import { pod, shell, sidecar, UNTIL_STOPPED } from './sample-pods.ts'
import { openStateDirectory } from './state-directory.ts'

const SHARED = { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] }
const VOLUMES = { volumes: [{ name: 'shared', emptyDir: {} }] }

/** Says how often it was started before, then runs the script with that number in $n. */
const counting = (script: string) =>
  `n=$(cat /shared/$0.count 2>/dev/null || echo 0); echo $((n + 1)) > /shared/$0.count; ${script}`

/** A container whose script has its number of starts before this one in $n. */
function counter(name: string, script: string, more: object = {}) {
  return shell(name, counting(script).replaceAll('$0', name), { ...SHARED, ...more })
}

describe('the life of a pod', { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'busybox') }, () => {
  let state: Awaited<ReturnType<typeof openStateDirectory>>
  before(async () => {
    state = await openStateDirectory()
  })
  after(() => state[Symbol.asyncDispose]())

  const run = (...pods: object[]) => runPeapod({ stateDirectory: state.path, pods })

  it('init containers one by one, then sidecars, then apps (S2, S4, S7)', async () => {
    const noting = (name: string) =>
      shell(name, `echo ${name} in >> /shared/o; sleep 0.1; echo ${name} out >> /shared/o`, SHARED)
    await using ended = run(
      pod('order', {
        initContainers: [noting('init-1'), sidecar('side', UNTIL_STOPPED), noting('init-2')],
        containers: [shell('app-1', 'cat /shared/o', SHARED), shell('app-2', 'cat /shared/o', SHARED)],
        ...VOLUMES,
      }),
    )
    assert.equal(await ended.end(), 0)
    const inits = ['init-1 in', 'init-1 out', 'init-2 in', 'init-2 out']
    assert.deepEqual(ended.logOf('app-1'), inits)
    assert.deepEqual(ended.logOf('app-2'), inits)
    const started = ended.events.filter((event) => event.event === 'started').map((event) => event.container)
    assert.deepEqual(started, ['init-1', 'side', 'init-2', 'app-1', 'app-2'])
  })

  it('an init container that fails is tried again at once, then after 10 s (S3, R2)', async () => {
    await using failing = run(
      pod('again', {
        restartPolicy: 'OnFailure',
        initContainers: [shell('init', 'exit 5')],
        containers: [shell('app', 'echo never')],
      }),
    )
    await failing.until('it has failed twice', () => failing.newsOf('init', 'exited').length === 2)
    assert.deepEqual(
      failing.newsOf('init', 'exited').map(({ exitCode, restartInMs }) => ({ exitCode, restartInMs })),
      [
        { exitCode: 5, restartInMs: 0 },
        { exitCode: 5, restartInMs: 10_000 },
      ],
    )
    const seen = await failing.until('the back-off is told', async () => {
      const now = await readPod(failing, 'again')
      return now !== undefined && statusOf(now, 'init')?.state?.waiting?.reason === 'CrashLoopBackOff' && now
    })
    assert.equal(seen.status?.phase, 'Pending')
    assert.equal(statusOf(seen, 'init')?.restartCount, 1)
    assert.equal(statusOf(seen, 'init')?.lastState?.terminated?.exitCode, 5)
    assert.equal(statusOf(seen, 'app')?.state?.waiting?.reason, 'PodInitializing')
    failing.signal('SIGINT')
    assert.equal(await failing.end(), 130)
    assert.deepEqual(failing.logOf('app'), [])
  })

  it('an init container that fails under Never fails the pod; no app starts (S3, S10)', async () => {
    await using failed = run(
      pod('never', { initContainers: [shell('init', 'exit 9')], containers: [shell('app', 'echo never')] }),
    )
    assert.equal(await failed.end(), 9)
    assert.deepEqual(failed.newsOf('app'), [])
    assert.equal(failed.events.at(-1)?.phase, 'Failed')
  })

  it('a failed container starts again until it succeeds; one that succeeded does not (R1, R2)', async () => {
    await using mended = run(
      pod('mended', {
        restartPolicy: 'OnFailure',
        containers: [counter('app', 'echo try $n; [ $n = 2 ]'), counter('once', 'echo done')],
        ...VOLUMES,
      }),
    )
    assert.equal(await mended.end(), 0)
    assert.deepEqual(mended.logOf('app'), ['try 0', 'try 1', 'try 2'])
    assert.deepEqual(mended.logOf('once'), ['done'])
    const [, second, third] = mended.newsOf('app', 'started').map((event) => Date.parse(event.time))
    const waitedMs = (third ?? 0) - (second ?? 0)
    assert.ok(waitedMs >= 9_900 && waitedMs < 15_000, `the second restart came after ${waitedMs} ms`)
  })

  it('Always starts a container again that has succeeded (R1)', async () => {
    await using always = run(
      pod('always', { restartPolicy: 'Always', containers: [counter('app', 'echo run $n')], ...VOLUMES }),
    )
    await always.until('it has run twice', () => always.logOf('app').length === 2)
    const seen = await always.until('its last end is told', async () => {
      const now = await readPod(always, 'always')
      return now !== undefined && statusOf(now, 'app')?.lastState?.terminated !== undefined && now
    })
    assert.equal(statusOf(seen, 'app')?.lastState?.terminated?.reason, 'Completed')
    assert.equal(seen.status?.phase, 'Running')
    always.signal('SIGINT')
    assert.equal(await always.end(), 130)
    assert.deepEqual(always.logOf('app'), ['run 0', 'run 1'])
  })

  it('a sidecar that ends starts again, also while the pod initialises and under Never (S6)', async () => {
    await using ended = run(
      pod('revived', {
        initContainers: [
          { ...counter('side', '[ $n = 0 ] && exit 1; echo again; ' + UNTIL_STOPPED), restartPolicy: 'Always' },
          shell('init', 'until [ "$(cat /shared/side.count)" = 2 ]; do sleep 0.05; done; echo saw it', SHARED),
        ],
        containers: [shell('app', 'echo app')],
        ...VOLUMES,
      }),
    )
    assert.equal(await ended.end(), 0)
    assert.deepEqual(ended.logOf('init'), ['saw it'])
    assert.equal(ended.newsOf('side', 'exited')[0]?.exitCode, 1)
    assert.deepEqual(
      ended.newsOf('side', 'started').map((event) => event.instance),
      [0, 1],
    )
  })

  it('a pod with sidecars succeeds when its apps have, whatever the sidecars end with (S10, H7)', async () => {
    await using ended = run(
      pod('job', {
        initContainers: [sidecar('side', "trap 'echo stopped; exit 3' TERM; echo up; sleep 1000 & wait")],
        containers: [shell('app', 'sleep 0.3; echo done')],
      }),
    )
    assert.equal(await ended.end(), 0)
    assert.deepEqual(ended.logOf('side'), ['up', 'stopped'])
    assert.equal(ended.events.at(-1)?.phase, 'Succeeded')
  })

  it('exit codes are told as they are (R9)', async () => {
    const codes = [1, 2, 126, 127, 200, 255]
    await using ended = run(pod('codes', { containers: codes.map((code) => shell(`exits-${code}`, `exit ${code}`)) }))
    assert.equal(await ended.end(), 1)
    for (const code of codes) assert.equal(ended.newsOf(`exits-${code}`, 'exited')[0]?.exitCode, code)
  })

  it('a deadline fails the pod, init included (S13)', async () => {
    await using late = run(
      pod('late', {
        activeDeadlineSeconds: 1,
        initContainers: [shell('init', UNTIL_STOPPED)],
        containers: [shell('app', 'echo never')],
      }),
    )
    assert.equal(await late.end(), 1)
    const over = late.events.find((event) => event.event === 'pod-over')
    assert.deepEqual([over?.phase, over?.reason], ['Failed', 'DeadlineExceeded'])
    assert.deepEqual(late.logOf('app'), [])
  })

  it('the conditions of a pod that runs (S1, S8, C3)', async () => {
    await using ready = run(
      pod('ready', {
        initContainers: [shell('init', 'true'), sidecar('side', UNTIL_STOPPED)],
        containers: [shell('app', UNTIL_STOPPED)],
      }),
    )
    await ready.until('it is ready', () => ready.events.some((event) => event.event === 'pod-ready'))
    const seen = await readPod(ready, 'ready')
    const conditions = Object.fromEntries((seen?.status?.conditions ?? []).map(({ type, status }) => [type, status]))
    assert.deepEqual(conditions, {
      PodScheduled: 'True',
      PodReadyToStartContainers: 'True',
      Initialized: 'True',
      ContainersReady: 'True',
      Ready: 'True',
    })
    assert.equal(seen?.status?.phase, 'Running')
    assert.ok(seen.status.conditions?.every((condition) => condition.observedGeneration === 1))
    assert.match(seen.status.podIP ?? '', /^\d+\.\d+\.\d+\.\d+$/)
    assert.equal(seen.status.qosClass, 'BestEffort')
    assert.deepEqual(
      ['init', 'side', 'app'].map((name) => {
        const status = statusOf(seen, name)
        return [status?.ready, status?.started, status?.restartCount, Object.keys(status?.state ?? {})]
      }),
      [
        [true, false, 0, ['terminated']],
        [true, true, 0, ['running']],
        [true, true, 0, ['running']],
      ],
    )
  })

  describe('what cannot start says why', () => {
    it('a program that is not in the image (R9)', async () => {
      const app = { name: 'app', image: 'peapod.local/busybox', command: ['/usr/bin/missing', '--flag'] }
      await using failed = run(pod('missing', { containers: [app] }))
      assert.equal(await failed.end(), 128)
      const [exit] = failed.newsOf('app', 'exited')
      assert.equal(exit?.reason, 'StartError')
      assert.match(exit.message ?? '', /"\/usr\/bin\/missing".*(no such|not there|not in the image)/i)
      assert.deepEqual(failed.newsOf('app', 'started'), [])
    })

    it('a working directory that is a file', async () => {
      await using failed = run(pod('misplaced', { containers: [shell('app', 'true', { workingDir: '/bin/busybox' })] }))
      await failed.until('it says so', () =>
        failed.newsOf('app').some((event) => /\/bin\/busybox/.test(event.text ?? '')),
      )
      failed.signal('SIGINT')
    })

    it('an image whose registry does not answer: ErrImagePull, then ImagePullBackOff (R9)', async () => {
      await using failing = run(pod('unreachable', { containers: [shell('app', 'true', { image: '127.0.0.1:1/x' })] }))
      const [failure] = await failing.until('it says so', () => {
        const told = failing.newsOf('app', 'not-started')
        return told.length > 0 && told
      })
      assert.equal(failure?.reason, 'ErrImagePull')
      assert.match(failure.message ?? '', /127\.0\.0\.1:1/)
      await failing.until('it waits', async () => {
        const now = await readPod(failing, 'unreachable')
        return now !== undefined && statusOf(now, 'app')?.state?.waiting?.reason === 'ImagePullBackOff'
      })
      failing.signal('SIGINT')
      assert.equal(await failing.end(), 130)
    })

    it('an image that may not be pulled (R9)', async () => {
      const app = shell('app', 'true', { image: '127.0.0.1:1/x', imagePullPolicy: 'Never' })
      await using failing = run(pod('not-here', { containers: [app] }))
      await failing.until('it says so', () =>
        failing.newsOf('app', 'not-started').some((event) => event.reason === 'ErrImageNeverPull'),
      )
    })
  })

  it('an init container of an absent image does not hold up the end (H5)', async () => {
    await using failing = run(
      pod('held-up', {
        terminationGracePeriodSeconds: 600,
        initContainers: [sidecar('side', UNTIL_STOPPED), shell('init', 'true', { image: '127.0.0.1:1/x' })],
        containers: [shell('app', 'true')],
      }),
    )
    await failing.until('it waits', () => failing.newsOf('init', 'not-started').length > 0)
    failing.signal('SIGINT')
    assert.equal(await failing.end(), 130)
    assert.equal(failing.newsOf('side', 'exited')[0]?.exitCode, 0)
  })
})
