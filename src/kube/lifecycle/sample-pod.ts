import type { Container, Pod, PodSpec } from '../api/pod.ts'
import type {
  ContainerState,
  ExitedContainer,
  ObservedContainer,
  ObservedPod,
  ObservedSandbox,
  RunningContainer,
} from './observed-pod.ts'
import type { PodAction, StopReason } from './pod-action.ts'

export const NOW_MS = Date.parse('2026-11-20T09:15:00Z')

export const READY: ObservedSandbox & { readonly is: 'ready' } = {
  is: 'ready',
  attempt: 0,
  podIPs: ['10.88.0.7'],
  hostIPs: ['192.0.2.1'],
  readyAtMs: NOW_MS - 60_000,
}

/** Init container `migrate`, sidecar `proxy`, app containers `web` and `worker`, with Kubernetes' defaults. */
export function samplePod(spec: Partial<PodSpec> = {}, metadata: Partial<Pod['metadata']> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default', uid: '6c71917c', ...metadata },
    spec: {
      initContainers: [sampleContainer('migrate'), sampleContainer('proxy', { restartPolicy: 'Always' })],
      containers: [sampleContainer('web'), sampleContainer('worker')],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      enableServiceLinks: true,
      ...spec,
    },
  }
}

export function sampleContainer(name: string, change: Partial<Container> = {}): Container {
  return {
    name,
    image: `example.com/${name}:1`,
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    ...change,
  }
}

/** A pod that was deleted so long ago. */
export function deletedPod(graceSeconds: number, agoMs: number, pod = samplePod()): Pod {
  const deletionTimestamp = new Date(NOW_MS - agoMs + graceSeconds * 1000).toISOString()
  const metadata = { ...pod.metadata, deletionTimestamp, deletionGracePeriodSeconds: graceSeconds }
  return { ...pod, metadata }
}

/** The containers of a healthy sample pod, with the smallest change. */
export function up(change: Readonly<Record<string, ObservedContainer>> = {}): Record<string, ObservedContainer> {
  return { migrate: exited(0), proxy: running(), web: running(), worker: running(), ...change }
}

export function seenPod(
  containers: Readonly<Record<string, ObservedContainer>>,
  sandbox: ObservedSandbox = READY,
): ObservedPod {
  return { sandbox, containers, acceptedAtMs: NOW_MS - 60_000 }
}

export function record(state: ContainerState, change: Partial<ObservedContainer> = {}): ObservedContainer {
  return { restarts: 0, crashes: 0, sandboxAttempt: 0, state, ...change }
}

export function starting(change: Partial<ObservedContainer> = {}): ObservedContainer {
  return record({ is: 'starting', sinceMs: NOW_MS - 100 }, change)
}

export function running(
  state: Partial<Omit<RunningContainer, 'is'>> = {},
  change: Partial<ObservedContainer> = {},
): ObservedContainer {
  const whole: RunningContainer = {
    is: 'running',
    id: 'id-1',
    startedAtMs: NOW_MS - 50_000,
    started: true,
    ready: true,
    ...state,
  }
  return record(whole, change)
}

/** Ran for five seconds and ended one second ago. */
export function exited(
  exitCode: number,
  change: Partial<ObservedContainer> = {},
  state: Partial<ExitedContainer> = {},
): ObservedContainer {
  return record(exit(exitCode, state), change)
}

export function exit(exitCode: number, state: Partial<ExitedContainer> = {}): ExitedContainer {
  return {
    is: 'exited',
    id: 'id-1',
    exitCode,
    reason: exitCode === 0 ? 'Completed' : 'Error',
    startedAtMs: NOW_MS - 6_000,
    finishedAtMs: NOW_MS - 1_000,
    ...state,
  }
}

export function start(container: string): PodAction {
  return { do: 'start', container }
}

export function terminate(container: string, graceSeconds: number, because: StopReason): PodAction {
  return { do: 'terminate', container, graceSeconds, because }
}

export function lookAgainIn(ms: number): PodAction {
  return { do: 'look-again', atMs: NOW_MS + ms }
}
