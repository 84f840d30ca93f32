import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { ContainerStatus, Pod, PodStatus } from '../pod.ts'
import { type PodSummary, summarizePod } from './pod-summary.ts'

const NOW_MS = Date.parse('2026-01-02T03:04:05Z')

/** A pod as a Kubernetes node ran it: its statuses in order, and the rows that `kubectl get` showed meanwhile. */
interface Recorded {
  readonly case: string
  readonly containers: readonly string[]
  readonly initContainers: readonly string[]
  readonly rows: readonly string[]
  readonly steps: readonly (Pick<PodStatus, 'phase' | 'reason' | 'containerStatuses' | 'initContainerStatuses'> & {
    readonly deleted?: boolean
    readonly conditions?: Readonly<Record<string, 'True' | 'False'>>
  })[]
}

const recorded = JSON.parse(
  readFileSync(new URL('testdata/pod-rows.json', import.meta.url), 'utf8'),
) as readonly Recorded[]

describe('rows of pods that a Kubernetes node ran', () => {
  for (const { case: name, containers, initContainers, rows, steps } of recorded) {
    it(name, () => {
      const shown = steps.map(({ deleted, conditions, ...status }) => {
        const summary = summarizePod(
          podOf(
            { containers, initContainers },
            { ...status, conditions: Object.entries(conditions ?? {}).map(([type, is]) => ({ type, status: is })) },
            deleted,
          ),
          NOW_MS,
        )
        return `${summary.ready} ${summary.status} ${summary.restarts}`
      })
      const distinct = shown.filter((row, index) => row !== shown[index - 1])
      assert.deepEqual(distinct, rows)
    })
  }
})

describe('the words of kubectl for a pod', () => {
  const app = { name: 'app', ready: true, state: { running: {} } }
  const cases: [rule: string, pod: Pod, expected: Partial<PodSummary>][] = [
    [
      'a sidecar counts as a container, and as ready once it is',
      podWith({ sidecars: [{ started: true, ready: true, state: { running: {} } }], apps: [app] }),
      { ready: '2/2', status: 'Running' },
    ],
    [
      'a sidecar that has not started holds the pod in its initialization',
      podWith({ sidecars: [{ started: false, state: { running: {} } }], phase: 'Pending' }),
      { ready: '0/2', status: 'Init:0/1' },
    ],
    [
      'a sidecar that crashes after the initialization says so only while no container says anything',
      podWith({
        sidecars: [{ started: false, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
        apps: [app],
        initialized: true,
      }),
      { ready: '1/2', status: 'Init:CrashLoopBackOff' },
    ],
    [
      'restarts of sidecars count, with the time of the last end',
      podWith({
        sidecars: [
          {
            started: true,
            ready: true,
            restartCount: 2,
            state: { running: {} },
            lastState: ended('2026-01-02T03:04:00Z'),
          },
        ],
        apps: [{ ...app, restartCount: 1, lastState: ended('2026-01-02T03:03:00Z') }],
      }),
      { restarts: '3 (5s ago)' },
    ],
    [
      'a restart whose end is not known has no time',
      podWith({ apps: [{ ...app, restartCount: 1 }] }),
      { restarts: '1' },
    ],
    [
      'an init container that failed without a reason shows its exit code',
      podWith({ inits: [{ state: { terminated: { exitCode: 2 } } }], phase: 'Pending' }),
      { status: 'Init:ExitCode:2' },
    ],
    [
      'or its signal',
      podWith({ inits: [{ state: { terminated: { exitCode: 137, signal: 9 } } }], phase: 'Pending' }),
      { status: 'Init:Signal:9' },
    ],
    [
      'a container that ended without a reason shows its exit code',
      podWith({ apps: [{ state: { terminated: { exitCode: 3 } } }] }),
      { status: 'ExitCode:3', ready: '0/1' },
    ],
    [
      'a pod that waits for its gates is gated',
      podOf(
        { containers: ['app'] },
        { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] },
      ),
      { status: 'SchedulingGated', ready: '0/1', restarts: '0' },
    ],
    [
      'a pod that is over is not terminating while it is deleted',
      podOf({ containers: ['app'] }, { phase: 'Succeeded', containerStatuses: [completed('app')] }, true),
      { status: 'Completed' },
    ],
    [
      'a pod of a lost node is unknown',
      podOf({ containers: ['app'] }, { reason: 'NodeLost' }, true),
      { status: 'Unknown' },
    ],
  ]
  for (const [rule, pod, expected] of cases) {
    it(rule, () => {
      const summary = summarizePod(pod, NOW_MS)
      assert.deepEqual({ ...summary, ...expected }, summary)
    })
  }
})

type PartialStatus = Partial<ContainerStatus>

function podWith({
  sidecars = [],
  inits = [],
  apps = [{}],
  phase = 'Running',
  initialized = false,
}: {
  readonly sidecars?: readonly PartialStatus[]
  readonly inits?: readonly PartialStatus[]
  readonly apps?: readonly PartialStatus[]
  readonly phase?: 'Pending' | 'Running'
  readonly initialized?: boolean
}): Pod {
  const named = (prefix: string, statuses: readonly PartialStatus[]): ContainerStatus[] =>
    statuses.map((status, index) => ({
      name: `${prefix}${index}`,
      image: 'busybox',
      imageID: '',
      ready: false,
      restartCount: 0,
      ...status,
    }))
  const initStatuses = [...named('sidecar', sidecars), ...named('init', inits)]
  const pod = podOf(
    { containers: apps.map((_, index) => `app${index}`), initContainers: initStatuses.map(({ name }) => name) },
    {
      phase,
      initContainerStatuses: initStatuses,
      containerStatuses: named('app', apps),
      conditions: initialized ? [{ type: 'Initialized', status: 'True' }] : [],
    },
  )
  const initContainers = (pod.spec.initContainers ?? []).map((container) =>
    container.name.startsWith('sidecar') ? { ...container, restartPolicy: 'Always' as const } : container,
  )
  return { ...pod, spec: { ...pod.spec, initContainers } }
}

function podOf(
  names: { readonly containers: readonly string[]; readonly initContainers?: readonly string[] },
  status: PodStatus,
  isDeleted = false,
): Pod {
  const named = (all: readonly string[]): unknown => all.map((name) => ({ name, image: 'busybox' }))
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'u',
      ...(isDeleted ? { deletionTimestamp: '2026-01-02T03:04:30Z' } : {}),
    },
    spec: { containers: named(names.containers), initContainers: named(names.initContainers ?? []) } as Pod['spec'],
    status,
  }
}

function ended(finishedAt: string): NonNullable<ContainerStatus['lastState']> {
  return { terminated: { exitCode: 1, finishedAt } }
}

function completed(name: string): ContainerStatus {
  const state = { terminated: { exitCode: 0, reason: 'Completed' } }
  return { name, image: 'busybox', imageID: '', ready: false, restartCount: 0, state }
}
