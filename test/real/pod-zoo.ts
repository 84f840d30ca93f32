import type { ContainerStatus, Pod } from '../../src/kube/api/pod.ts'
import { pod, shell, sidecar, UNTIL_STOPPED } from './sample-pods.ts'

const SHARED = { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] }
const WITH_SHARED = { volumes: [{ name: 'shared', emptyDir: {} }] }

/** Notes each run of a container in the shared volume, so that one run too many shows. */
function noted(name: string, then: string): string {
  return `echo run >> /shared/${name}; ${then}`
}

/** Fails until it has been run so often. */
function succeedsAtRun(name: string, count: number): string {
  return noted(name, `[ $(wc -l < /shared/${name}) -ge ${count} ]`)
}

/** A script that is asked again and again, or once, whether it is well. */
const asks = (script: string): object => ({ exec: { command: ['sh', '-c', script] } })
/** Patient: on a busy machine an answer may take seconds. */
const eachSecond = (script: string): object => ({
  ...asks(script),
  periodSeconds: 1,
  timeoutSeconds: 20,
  failureThreshold: 2,
})

/** To be deleted: at once, and after a while. */
export const LEAVING = ['leaving', 'leaving-later'] as const

/** Pods that live in every way that a pod can; those that are not deleted come to rest within seconds. */
export const POD_ZOO: readonly object[] = [
  pod('init-retries', {
    restartPolicy: 'Always',
    ...WITH_SHARED,
    initContainers: [
      shell('once', noted('once', 'true'), SHARED),
      shell('third-time', succeedsAtRun('third-time', 3), SHARED),
      sidecar('proxy', noted('proxy', UNTIL_STOPPED), SHARED),
      shell('after-proxy', noted('after-proxy', 'true'), SHARED),
    ],
    containers: [shell('app', noted('app', UNTIL_STOPPED), SHARED)],
  }),
  pod('job-with-sidecar', {
    ...WITH_SHARED,
    initContainers: [sidecar('agent', noted('agent', UNTIL_STOPPED), SHARED)],
    containers: [shell('work', noted('work', 'sleep 3'), SHARED)],
  }),
  pod('job-fails', {
    ...WITH_SHARED,
    containers: [
      shell('work', noted('work', 'sleep 1; echo the disk is not there > /dev/termination-log; exit 3'), SHARED),
    ],
  }),
  pod('job-retries', {
    restartPolicy: 'OnFailure',
    ...WITH_SHARED,
    containers: [shell('work', succeedsAtRun('work', 3), SHARED), shell('other', noted('other', 'sleep 2'), SHARED)],
  }),
  pod('crash-loop', {
    restartPolicy: 'Always',
    ...WITH_SHARED,
    containers: [shell('app', noted('app', 'exit 7'), SHARED)],
  }),
  pod('steady', {
    restartPolicy: 'Always',
    ...WITH_SHARED,
    initContainers: [sidecar('proxy', noted('proxy', UNTIL_STOPPED), SHARED)],
    containers: [
      shell('app', noted('app', UNTIL_STOPPED), { ...SHARED, readinessProbe: eachSecond('true') }),
      shell('other', noted('other', UNTIL_STOPPED), SHARED),
    ],
  }),
  pod('probed', {
    restartPolicy: 'Always',
    ...WITH_SHARED,
    initContainers: [
      sidecar('proxy', noted('proxy', UNTIL_STOPPED), {
        ...SHARED,
        startupProbe: eachSecond('until [ -e /shared/proxy ]; do sleep 0.1; done'),
      }),
    ],
    containers: [
      shell(
        'ill-once',
        noted('ill-once', `[ $(wc -l < /shared/ill-once) -lt 2 ] || touch /tmp/well; ${UNTIL_STOPPED}`),
        {
          ...SHARED,
          livenessProbe: eachSecond('test -e /tmp/well'),
          readinessProbe: eachSecond('test -e /tmp/well'),
        },
      ),
    ],
  }),
  pod('hooked', {
    restartPolicy: 'Always',
    ...WITH_SHARED,
    initContainers: [
      sidecar('proxy', noted('proxy', UNTIL_STOPPED), {
        ...SHARED,
        lifecycle: { postStart: asks('sleep 0.2; touch /shared/told') },
      }),
    ],
    containers: [
      shell('app', noted('app', `[ -e /shared/told ] || exit 9; ${UNTIL_STOPPED}`), SHARED),
      shell('refused-once', `trap 'exit 0' TERM; ${noted('refused-once', 'touch /tmp/up; sleep 1000 & wait')}`, {
        ...SHARED,
        lifecycle: {
          postStart: asks('until [ -e /tmp/up ]; do sleep 0.1; done; [ $(wc -l < /shared/refused-once) -ge 2 ]'),
        },
      }),
    ],
  }),
  pod('leaving', {
    restartPolicy: 'Always',
    initContainers: [sidecar('proxy', UNTIL_STOPPED)],
    containers: [shell('app', UNTIL_STOPPED), shell('stubborn', "trap '' TERM; while :; do sleep 1; done")],
  }),
  pod('leaving-later', {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 2,
    initContainers: [sidecar('proxy', UNTIL_STOPPED, { lifecycle: { preStop: { sleep: { seconds: 1 } } } })],
    containers: [shell('app', UNTIL_STOPPED, { lifecycle: { preStop: asks('sleep 0.5') } })],
  }),
]

/** What the status of a pod says that must be the same however often its server was killed. */
export function restingState({ metadata, status }: Pod): object {
  const of = (statuses: readonly ContainerStatus[] = []): object[] =>
    statuses.map(({ name, state = {}, lastState = {}, ready, started, restartCount }) => ({
      name,
      ready,
      started,
      // How far a crash loop has come is a matter of time.
      ...(metadata.name === 'crash-loop' ? {} : { restartCount, state: endOf(state), lastState: endOf(lastState) }),
    }))
  return {
    name: metadata.name,
    phase: status?.phase,
    conditions: Object.fromEntries((status?.conditions ?? []).map(({ type, status: is }) => [type, is])),
    init: of(status?.initContainerStatuses),
    containers: of(status?.containerStatuses),
  }
}

function endOf({ running, waiting, terminated }: NonNullable<ContainerStatus['state']>): unknown {
  if (running !== undefined) return 'running'
  if (waiting !== undefined) return { waiting: waiting.reason }
  if (terminated === undefined) return 'none'
  const { exitCode, reason, message } = terminated
  return { exitCode, reason, message }
}

/** Whether every pod of the zoo has come to rest. */
export function isAtRest(pods: readonly Pod[]): boolean {
  const named = (name: string): Pod | undefined => pods.find(({ metadata }) => metadata.name === name)
  const restartsOf = (name: string, container: string): number =>
    named(name)?.status?.containerStatuses?.find((status) => status.name === container)?.restartCount ?? 0
  return (
    pods.length === POD_ZOO.length - LEAVING.length &&
    hasEnded(named('job-with-sidecar'), 'Succeeded') &&
    hasEnded(named('job-fails'), 'Failed') &&
    hasEnded(named('job-retries'), 'Succeeded') &&
    restartsOf('crash-loop', 'app') >= 2 &&
    named('crash-loop')?.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff' &&
    restartsOf('probed', 'ill-once') === 1 &&
    restartsOf('hooked', 'refused-once') === 1 &&
    ['init-retries', 'steady', 'probed', 'hooked'].every((name) => isReady(named(name)))
  )
}

/** With nothing left on the machine but its volumes and logs. */
function hasEnded(pod: Pod | undefined, phase: string): boolean {
  const sandbox = pod?.status?.conditions?.find(({ type }) => type === 'PodReadyToStartContainers')
  return pod?.status?.phase === phase && sandbox?.status === 'False'
}

export function isReady(pod: Pod | undefined): boolean {
  return (pod?.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True')
}
