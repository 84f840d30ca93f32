import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ContainerStatus, Pod, PodStatus } from '../../../kube/api/pod.ts'
import type { PodEvent } from '../../client/resource-type.ts'
import { narrateEvent } from './narrate-event.ts'
import { narratePod } from './narrate-pod.ts'
import { beginNarration, type Narration } from './narration.ts'
import { newsText } from './pod-news.ts'

const CREATED_MS = Date.UTC(2026, 10, 20)
const LATER_MS = CREATED_MS + 210

const WEB = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', uid: 'u1' },
  spec: {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    initContainers: [
      { name: 'migrate', image: 'migrate' },
      { name: 'proxy', image: 'proxy', restartPolicy: 'Always' },
    ],
    containers: [
      { name: 'app', image: 'nginx' },
      { name: 'slow', image: 'slow', readinessProbe: { tcpSocket: { port: 1 } } },
    ],
  },
} as unknown as Pod

const POLICY_NEVER: Partial<Pod> = { spec: { ...WEB.spec, restartPolicy: 'Never' } }

const STARTED = '2026-11-20T00:00:00Z'
const WAITING: Partial<ContainerStatus> = { state: { waiting: { reason: 'ContainerCreating' } } }
const id = (instance: number) => ({ containerID: `peapod://${instance}` })
const running = (instance = 0, more: Partial<ContainerStatus> = {}): Partial<ContainerStatus> => ({
  ...id(instance),
  restartCount: instance,
  state: { running: { startedAt: STARTED } },
  ready: true,
  ...more,
})
const ended = (exitCode: number, instance = 0, reason = exitCode === 0 ? 'Completed' : 'Error') => ({
  terminated: { exitCode, reason, startedAt: STARTED, finishedAt: '2026-11-20T00:00:09Z', ...id(instance) },
})
const exited = (exitCode: number, instance = 0, reason?: string): Partial<ContainerStatus> => ({
  ...id(instance),
  restartCount: instance,
  state: ended(exitCode, instance, reason),
})
const backOff = (exitCode: number, restartCount: number, delay: string): Partial<ContainerStatus> => ({
  restartCount,
  state: { waiting: { reason: 'CrashLoopBackOff', message: `back-off ${delay} restarting failed container=app` } },
  lastState: ended(exitCode, restartCount),
})
const startError = (message: string, restartCount = 0): Partial<ContainerStatus> => ({
  restartCount,
  state: { waiting: { reason: 'RunContainerError', message } },
  lastState: { terminated: { ...ended(128, restartCount, 'StartError').terminated, message } },
})
const waiting = (reason: string, message: string): Partial<ContainerStatus> => ({
  state: { waiting: { reason, message } },
})

type Containers = Readonly<Record<string, Partial<ContainerStatus>>>

function statusOf(containers: Containers, more: Partial<PodStatus> = {}): PodStatus {
  const named = (list: Pod['spec']['containers'] | undefined) =>
    (list ?? []).map(({ name, image }): ContainerStatus => {
      const facts = { ...WAITING, ...containers[name] }
      return { name, image, imageID: '', ready: false, restartCount: 0, ...facts }
    })
  return {
    phase: 'Running',
    initContainerStatuses: named(WEB.spec.initContainers),
    containerStatuses: named(WEB.spec.containers),
    ...more,
  }
}

/** What each state told, one after the other. */
function tell(states: readonly (readonly [Containers, Partial<PodStatus>?])[], change: Partial<Pod> = {}): string[] {
  let narration: Narration = beginNarration({ ...WEB, ...change }, CREATED_MS)
  return states.flatMap(([containers, status]) => {
    const told = narratePod(narration, { ...WEB, ...change, status: statusOf(containers, status) }, LATER_MS)
    narration = told.narration
    return told.news.map((news) => `${news.container ?? 'pod'}: ${newsText(news)}`)
  })
}

const READY: Partial<PodStatus> = { conditions: [{ type: 'Ready', status: 'True' }] }
const INIT_DONE: Containers = { migrate: exited(0), proxy: running() }

describe('what a status tells', () => {
  const CASES: [
    rule: string,
    states: (readonly [Containers, Partial<PodStatus>?])[],
    lines: string[],
    Partial<Pod>?,
  ][] = [
    ['nothing, while containers are being made', [[{}], [{}]], []],
    ['the same status tells nothing twice', [[{ app: running() }], [{ app: running() }]], ['app: started']],
    [
      'init containers, sidecars and apps as they come; only app containers and sidecars count as ready (S9)',
      [
        [{ migrate: running() }],
        [{ migrate: exited(0) }],
        [INIT_DONE],
        [{ ...INIT_DONE, app: running(), slow: running(0, { ready: false }) }],
        [{ ...INIT_DONE, app: running(), slow: running() }, READY],
      ],
      [
        'migrate: started',
        'migrate: exited 0',
        'proxy: started',
        'app: started',
        'slow: started',
        'slow: ready',
        'pod: ready (3/3) in 0.21 s',
      ],
    ],
    [
      'one that ended before it was seen running',
      [[{ app: exited(3) }]],
      ['app: started', 'app: exited 3 → restarting'],
    ],
    [
      'the first restart comes at once (R2)',
      [[{ app: running() }], [{ app: exited(1) }]],
      ['app: started', 'app: exited 1 → restarting'],
    ],
    [
      'a restart that was quicker than the status',
      [[{ app: running() }], [{ app: running(1, { lastState: ended(1) }) }]],
      ['app: started', 'app: exited 1 → restarting', 'app: started again (restart 1)'],
    ],
    [
      'an end that is told when the next start is counted already is the end of the instance before',
      [
        [{ app: running() }],
        [{ app: { ...exited(1), restartCount: 1 } }],
        [{ app: running(1, { lastState: ended(1) }) }],
      ],
      ['app: started', 'app: exited 1 → restarting', 'app: started again (restart 1)'],
    ],
    [
      'later restarts back off; the word that confirms it is no news (R2)',
      [[{ app: running(1) }], [{ app: exited(1, 1) }], [{ app: backOff(1, 1, '10s') }]],
      ['app: started again (restart 1)', 'app: exited 1 → restart in 10 s'],
    ],
    [
      'a node with another curve corrects it (R4)',
      [[{ app: running(1) }], [{ app: exited(1, 1) }], [{ app: backOff(1, 1, '1s') }], [{ app: backOff(1, 1, '1s') }]],
      ['app: started again (restart 1)', 'app: exited 1 → restart in 10 s', 'app: restart in 1 s'],
    ],
    [
      'end and back-off in one status',
      [[{ app: running(3) }], [{ app: backOff(1, 3, '40s') }]],
      ['app: started again (restart 3)', 'app: exited 1 → restart in 40 s'],
    ],
    [
      'a pod that ends while one backs off tells of the ends of before again, which is no news',
      [
        [{ app: running(2) }],
        [{ app: backOff(1, 2, '20s') }],
        [{ app: { ...exited(1, 2), lastState: ended(1, 1) } }, { phase: 'Failed' }],
      ],
      ['app: started again (restart 2)', 'app: exited 1 → restart in 20 s', 'pod: Failed'],
    ],
    [
      'exit code 0 restarts under Always (R2)',
      [[{ app: running(2) }], [{ app: exited(0, 2) }]],
      ['app: started again (restart 2)', 'app: exited 0 → restart in 20 s'],
    ],
    ['nothing restarts under Never (R1)', [[{ app: exited(1) }]], ['app: started', 'app: exited 1'], POLICY_NEVER],
    [
      'a sidecar restarts under Never (S6)',
      [[{ proxy: exited(1) }]],
      ['proxy: started', 'proxy: exited 1 → restarting'],
      POLICY_NEVER,
    ],
    [
      'but not when the apps are done (H7)',
      [
        [{ app: exited(0), slow: exited(0), proxy: running() }],
        [{ app: exited(0), slow: exited(0), proxy: exited(143) }],
      ],
      [
        'proxy: started',
        'app: started',
        'app: exited 0',
        'slow: started',
        'slow: exited 0',
        'proxy: exited 143 (SIGTERM)',
      ],
      POLICY_NEVER,
    ],
    [
      'a failed init container is tried again (S3)',
      [[{ migrate: exited(2) }]],
      ['migrate: started', 'migrate: exited 2 → restarting'],
    ],
    [
      'out of memory',
      [[{ app: exited(137, 0, 'OOMKilled') }]],
      ['app: started', 'app: killed (OOMKilled)'],
      POLICY_NEVER,
    ],
    ['a signal by its name', [[{ app: exited(137) }]], ['app: started', 'app: exited 137 (SIGKILL)'], POLICY_NEVER],
    ['exit code 255 is no signal', [[{ app: exited(255) }]], ['app: started', 'app: exited 255'], POLICY_NEVER],
    [
      'a program that is not there: each try once, never started',
      [[{ app: startError('exec "/nope": no such file') }], [{ app: startError('exec "/nope": no such file') }]],
      ['app: could not start: exec "/nope": no such file → restarting'],
    ],
    [
      'a failed pull, each try once (Q10)',
      [
        [{ app: waiting('ErrImagePull', 'no such image') }],
        [{ app: waiting('ImagePullBackOff', 'Back-off pulling image "nginx": no such image') }],
        [{ app: WAITING }],
        [{ app: waiting('ErrImagePull', 'no such image') }],
      ],
      [
        'app: image pull failed: no such image → again in 10 s',
        'app: image pull failed: no such image → again in 20 s',
      ],
    ],
    ['a bad name is not tried again', [[{ app: waiting('InvalidImageName', 'no') }]], ['app: image pull failed: no']],
    [
      'a missing ConfigMap',
      [[{ app: waiting('CreateContainerConfigError', 'no configmap') }]],
      ['app: CreateContainerConfigError: no configmap'],
    ],
    [
      'readiness that comes and goes',
      [[{ slow: running() }], [{ slow: running(0, { ready: false }) }], [{ slow: running() }]],
      ['slow: started', 'slow: ready', 'slow: not ready any more', 'slow: ready'],
    ],
    [
      'ready once more, without a time',
      [[{}, READY], [{}], [{}, READY]],
      ['pod: ready (0/3) in 0.21 s', 'pod: ready (0/3)'],
    ],
    [
      'the end',
      [[{ app: running() }], [{ app: exited(0) }, { phase: 'Succeeded' }]],
      ['app: started', 'app: exited 0', 'pod: Succeeded'],
    ],
    [
      'an end for a reason of its own (S13)',
      [[{}, { phase: 'Failed', reason: 'DeadlineExceeded', message: 'too long' }]],
      ['pod: Failed (DeadlineExceeded): too long'],
    ],
    [
      'a container that never was, in a pod that is over, did nothing',
      [[{ app: { state: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } } } }, { phase: 'Failed' }]],
      ['pod: Failed'],
    ],
  ]
  for (const [rule, states, lines, change] of CASES) it(rule, () => assert.deepEqual(tell(states, change), lines))

  it('a deletion, and one with less grace', () => {
    const deleted = (grace: number): Pod => ({
      ...WEB,
      metadata: { ...WEB.metadata, deletionTimestamp: '2026-11-20T00:00:30Z', deletionGracePeriodSeconds: grace },
      status: statusOf({ app: running() }),
    })
    let narration = narratePod(
      beginNarration(WEB, CREATED_MS),
      { ...WEB, status: statusOf({ app: running() }) },
      0,
    ).narration
    const lines = [deleted(30), deleted(30), deleted(0)].flatMap((pod) => {
      const told = narratePod(narration, pod, LATER_MS)
      narration = told.narration
      return told.news.map(newsText)
    })
    assert.deepEqual(lines, ['stopping (grace 30 s)', 'stopping (grace 0 s)'])
  })
})

describe('what an event tells', () => {
  const about = (reason: string, message: string, more: Partial<PodEvent> = {}): PodEvent => ({
    metadata: { name: `web.${reason}` },
    type: 'Normal',
    reason,
    message,
    count: 1,
    involvedObject: { uid: 'u1', fieldPath: 'spec.containers{app}' },
    ...more,
  })
  const pulled = 'Successfully pulled image "nginx" in 1.204s (1.204s including waiting). Image size: 7 bytes.'
  const ofPod = { involvedObject: { uid: 'u1' } }
  const CASES: [rule: string, events: PodEvent[], lines: string[]][] = [
    [
      'a pull, with the time that the node took',
      [about('Pulling', ''), about('Pulled', pulled)],
      ['app: pulling nginx', 'app: pulled in 1.2 s'],
    ],
    [
      'or the time that passed',
      [about('Pulling', ''), about('Pulled', 'done')],
      ['app: pulling nginx', 'app: pulled in 0.21 s'],
    ],
    [
      'an image that was there already is no news',
      [about('Pulled', 'Container image "nginx" already present on machine')],
      [],
    ],
    ['a stop', [about('Killing', 'Stopping container app')], ['app: stopping']],
    [
      'a stop with its reason',
      [about('Killing', 'Container app failed liveness probe, will be restarted')],
      ['app: stopping (Container app failed liveness probe, will be restarted)'],
    ],
    [
      'what the status tells is not told again',
      [about('Failed', 'x', { type: 'Warning' }), about('BackOff', 'x', { type: 'Warning' })],
      [],
    ],
    [
      'a warning about a container',
      [about('Unhealthy', 'probe failed', { type: 'Warning' })],
      ['app: warning: Unhealthy: probe failed'],
    ],
    [
      'a warning about the pod',
      [about('FailedMount', 'no volume', { type: 'Warning', ...ofPod })],
      ['pod: warning: FailedMount: no volume'],
    ],
    [
      'a repeated warning now and then',
      [1, 1, 2, 3, 4, 5, 8].map((count) => about('Unhealthy', 'no', { type: 'Warning', count })),
      ['', ' (2 times)', ' (4 times)', ' (8 times)'].map((times) => `app: warning: Unhealthy: no${times}`),
    ],
    ['another pod is not meant', [about('Unhealthy', 'x', { type: 'Warning', involvedObject: { uid: 'u2' } })], []],
  ]
  for (const [rule, events, lines] of CASES) {
    it(rule, () => {
      let nowMs = CREATED_MS
      let narration = narratePod(
        beginNarration(WEB, nowMs),
        { ...WEB, status: statusOf({ app: running() }) },
        nowMs,
      ).narration
      const told = events.flatMap((event) => {
        const one = narrateEvent(narration, event, nowMs)
        nowMs += 210
        narration = one.narration
        return one.news.map((news) => `${news.container ?? 'pod'}: ${newsText(news)}`)
      })
      assert.deepEqual(told, lines)
    })
  }
})
