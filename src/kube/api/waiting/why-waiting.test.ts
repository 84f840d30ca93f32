import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { Pod } from '../pod.ts'
import type { ToldEvent } from './told-events.ts'
import { RULES } from './waiting-rules.ts'
import { reasonSentence, whyWaiting } from './why-waiting.ts'

const NOW_MS = Date.parse('2026-11-20T10:00:00Z')
const ROOT = new URL('../../../../', import.meta.url)

type Named = Record<string, unknown>
const running = (more: object = {}): object => ({ state: { running: {} }, started: true, ready: true, ...more })
const waiting = (reason: string, message?: string, more: object = {}): object => ({
  state: { waiting: { reason, message } },
  started: false,
  ready: false,
  ...more,
})
const ended = (exitCode: number, more: object = {}): object => ({
  state: { terminated: { exitCode, ...more } },
  ready: false,
})
const ago = (seconds: number): string => new Date(NOW_MS - seconds * 1_000).toISOString()
const event = (reason: string, message: string, more: object = {}): ToldEvent => ({
  type: 'Warning',
  reason,
  message,
  lastTimestamp: ago(1),
  involvedObject: { fieldPath: 'spec.containers{app}' },
  ...more,
})

/** A pod with a sidecar and an app: statuses by container, and what else is not as in a pod that is ready. */
interface Case {
  readonly spec?: Named
  readonly app?: Named
  readonly proxy?: Named
  readonly statuses?: Readonly<Record<string, object>>
  readonly status?: Named
  readonly metadata?: Named
  readonly events?: readonly ToldEvent[]
}

function podOf({ spec = {}, app = {}, proxy = {}, statuses = {}, status = {}, metadata = {} }: Case): Pod {
  const all: Readonly<Record<string, object>> = {
    migrate: ended(0),
    proxy: running(),
    app: running(),
    ...statuses,
  }
  const named = (...names: readonly string[]): object[] =>
    names.map((name) => ({ name, restartCount: 0, ...all[name] }))
  const conditions = ['PodScheduled', 'PodReadyToStartContainers', 'Initialized', 'Ready']
  return {
    metadata: { name: 'web', namespace: 'default', uid: 'u', ...metadata },
    spec: {
      nodeName: 'node',
      restartPolicy: 'Always',
      initContainers: [
        { name: 'migrate', image: 'm' },
        { name: 'proxy', image: 'p', restartPolicy: 'Always', ...proxy },
      ],
      containers: [{ name: 'app', image: 'nginx', ...app }],
      ...spec,
    },
    status: {
      phase: 'Running',
      conditions: conditions.map((type) => ({ type, status: 'True' })),
      initContainerStatuses: named('migrate', 'proxy'),
      containerStatuses: named('app'),
      ...status,
    },
  } as unknown as Pod
}

const STARTING = { conditions: [{ type: 'PodReadyToStartContainers', status: 'True' }] }
const UNPLACED = { spec: { nodeName: undefined } }
const DELETED = { deletionTimestamp: new Date(NOW_MS + 12_000).toISOString(), deletionGracePeriodSeconds: 30 }

describe('why a pod waits', () => {
  const CASES: [rule: string, seen: Case, says: string, because: object][] = [
    ['nothing is missing', {}, 'waits for nothing: it is ready', RULES.readinessProbe],
    [
      'no node has room',
      {
        ...UNPLACED,
        status: {
          conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes.' }],
        },
      },
      'waits for a node that can take it: 0/1 nodes',
      RULES.scheduling,
    ],
    [
      'scheduling gates are shut',
      {
        spec: { nodeName: undefined, schedulingGates: [{ name: 'quota' }] },
        status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] },
      },
      'waits for somebody to remove its scheduling gates "quota"',
      RULES.schedulingGates,
    ],
    [
      'a volume cannot be made',
      {
        statuses: {
          migrate: waiting('PodInitializing'),
          proxy: waiting('PodInitializing'),
          app: waiting('PodInitializing'),
        },
        status: { conditions: [{ type: 'PodReadyToStartContainers', status: 'False' }] },
        events: [event('FailedMount', 'secret "s" not found', { involvedObject: {} })],
      },
      'waits for its volumes: secret "s" not found',
      RULES.volumes,
    ],
    [
      'the sandbox cannot be made',
      {
        statuses: {
          migrate: waiting('PodInitializing'),
          proxy: waiting('PodInitializing'),
          app: waiting('PodInitializing'),
        },
        status: { conditions: [] },
        events: [event('FailedCreatePodSandBox', 'no address left', { involvedObject: {} })],
      },
      'waits for its sandbox: no address left',
      RULES.sandbox,
    ],
    [
      'an init container runs',
      { statuses: { migrate: running({ started: undefined }) }, status: STARTING },
      'waits for its init container "migrate" (1 of 2) to end',
      RULES.initOrder,
    ],
    [
      'a sidecar has not started: its startup probe fails',
      {
        proxy: { startupProbe: {} },
        statuses: { proxy: running({ started: false }) },
        status: STARTING,
        events: [
          event('Unhealthy', 'Startup probe failed: dial tcp: refused', {
            involvedObject: { fieldPath: 'spec.initContainers{proxy}' },
          }),
        ],
      },
      'waits for the startup probe of sidecar "proxy", which failed last with: dial tcp: refused',
      RULES.startupProbe,
    ],
    [
      'a sidecar is being started',
      { statuses: { proxy: waiting('PodInitializing') }, status: STARTING },
      'waits for its sidecar "proxy" to start',
      RULES.sidecarStarted,
    ],
    [
      'a postStart hook runs',
      { app: { lifecycle: { postStart: {} } }, statuses: { app: running({ started: false, ready: false }) } },
      'waits for the postStart hook of container "app" to be done',
      RULES.postStart,
    ],
    [
      'an image is being pulled',
      {
        statuses: { app: waiting('ContainerCreating') },
        events: [event('Pulling', 'Pulling image', { type: 'Normal' })],
      },
      'waits for the image "nginx" of container "app" to be pulled',
      RULES.image,
    ],
    [
      'a pull failed twice: the next try is told, and what was wrong',
      {
        statuses: { app: waiting('ImagePullBackOff', 'Back-off pulling image "nginx"') },
        events: [event('Failed', 'Failed to pull image "nginx": no such host', { count: 2, lastTimestamp: ago(5) })],
      },
      'waits for the image "nginx" of container "app": ImagePullBackOff, tried again in about 15 s: Failed to pull image "nginx": no such host',
      RULES.image,
    ],
    [
      'an image is not to be pulled',
      { statuses: { app: waiting('ErrImageNeverPull', 'not present with pull policy of Never') } },
      'waits for the image "nginx" of container "app": ErrImageNeverPull: not present with pull policy of Never',
      RULES.image,
    ],
    [
      'a container crashes again and again',
      {
        statuses: {
          app: waiting('CrashLoopBackOff', 'back-off 2m40s restarting failed container=app pod=web', {
            lastState: { terminated: { exitCode: 3, reason: 'Error', finishedAt: ago(30), message: 'no disk\n' } },
          }),
        },
      },
      'waits to restart container "app" in 2 min 10 s: it exited 3: no disk',
      RULES.backOff,
    ],
    [
      'its memory was too little',
      {
        statuses: {
          app: waiting('CrashLoopBackOff', 'back-off 10s restarting', {
            lastState: { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt: ago(30) } },
          }),
        },
      },
      'waits to restart container "app" now: it exited 137 (OOMKilled)',
      RULES.backOff,
    ],
    [
      'a readiness probe fails: with its last words',
      {
        app: { readinessProbe: {} },
        statuses: { app: running({ ready: false }) },
        events: [
          event('Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503'),
          event('Unhealthy', 'Readiness probe failed: older', { lastTimestamp: ago(9) }),
          event('Unhealthy', 'Liveness probe failed: other', { lastTimestamp: ago(0) }),
        ],
      },
      'waits for the readiness probe of container "app", which failed last with: HTTP probe failed with statuscode: 503',
      RULES.readinessProbe,
    ],
    [
      'a readiness gate is shut',
      {
        spec: { readinessGates: [{ conditionType: 'example.org/up' }] },
        status: { conditions: [{ type: 'Initialized', status: 'True' }] },
      },
      'waits for the conditions "example.org/up" of its readiness gates to be set to True',
      RULES.readinessGates,
    ],
    [
      'its work is done and the sidecars remain',
      { spec: { restartPolicy: 'Never' }, statuses: { app: ended(0) } },
      'waits for its sidecars "proxy" to stop: its app containers are done',
      RULES.sidecarsAfterWork,
    ],
    [
      'deleted: the apps stop first',
      { metadata: DELETED },
      'waits for its containers "app" to stop, killed in 12 s: it is deleted',
      RULES.grace,
    ],
    [
      'deleted: preStop hooks come before the signal',
      { metadata: DELETED, app: { lifecycle: { preStop: {} } } },
      'waits for the preStop hook of "app" and then for "app" to stop, killed in 12 s: it is deleted',
      RULES.preStop,
    ],
    [
      'deleted: then the sidecars',
      { metadata: { ...DELETED, deletionTimestamp: ago(1) }, statuses: { app: ended(0) } },
      'waits for its sidecars "proxy" to stop, killed now: it is deleted',
      RULES.sidecarsLast,
    ],
    [
      'deleted: somebody has a finalizer on it',
      {
        metadata: { ...DELETED, finalizers: ['example.org/backup'] },
        statuses: { app: ended(0), proxy: ended(0) },
        status: { phase: 'Succeeded' },
      },
      'waits for its finalizers "example.org/backup" to be removed by whoever set them: it is deleted',
      RULES.finalizers,
    ],
    [
      'rejected by its node',
      { status: { phase: 'Failed', reason: 'OutOfcpu', message: 'Node has not enough cpu' } },
      'waits for nothing: it has Failed (OutOfcpu: Node has not enough cpu)',
      RULES.scheduling,
    ],
  ]
  for (const [rule, seen, says, because] of CASES) {
    it(`${rule}: ${says}`, () => {
      const reason = whyWaiting(podOf(seen), seen.events ?? [], NOW_MS)
      assert.deepEqual({ says: reason.says.replace(/\.$/, ''), rule: reason.rule }, { says, rule: because })
      assert.match(
        reasonSentence('web', reason),
        /^pod "web" [^\n]+; [^\n]+ \(([A-Z]\d+, )?https:\/\/kubernetes\.io\/\S+\)$/,
      )
    })
  }

  it('every rule has its row in the documentation', () => {
    const rows = readFileSync(new URL('docs/pod-lifecycle.md', ROOT), 'utf8')
    const missing = Object.values(RULES).flatMap((rule) =>
      'id' in rule && !new RegExp(`^\\| ${rule.id} +\\|`, 'm').test(rows) ? [rule.id] : [],
    )
    assert.deepEqual(missing, [])
  })
})
