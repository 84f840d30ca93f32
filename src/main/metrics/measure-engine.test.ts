import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseMetrics } from '../../../test/parse-metrics.ts'
import type { Pod } from '../../kube/api/pod.ts'
import type { ContainerState } from '../../kube/lifecycle/observed-pod.ts'
import { PodObservations } from '../../node/engine/pod-observations.ts'
import { testContainer, testPod } from '../../node/engine/test-pod.ts'
import { measureEngine } from './measure-engine.ts'
import { MetricsRegistry } from './metrics-registry.ts'

interface Seen {
  readonly restarts: number
  readonly state: ContainerState
}

/** @param containers of the pod as they were seen; `init` in a name makes an init container. */
function worldOf(
  name: string,
  containers: Readonly<Record<string, Seen>>,
): { pod: Pod; observations: PodObservations } {
  const [init, apps] = [true, false].map((wanted) =>
    Object.keys(containers)
      .filter((each) => each.includes('init') === wanted)
      .map((each) => testContainer({ name: each })),
  )
  const pod = testPod({ initContainers: init ?? [], containers: apps ?? [] })
  const metadata = { name, namespace: 'shop', uid: `uid-of-${name}` }
  const seen = Object.entries(containers).map(([container, each]) => [
    container,
    { crashes: 0, sandboxAttempt: 0, ...each },
  ])
  return {
    pod: { ...pod, metadata },
    observations: new PodObservations(
      { sandbox: { is: 'absent' }, acceptedAtMs: 0, containers: Object.fromEntries(seen) as never },
      () => undefined,
    ),
  }
}

const RUNNING: ContainerState = { is: 'running', id: 'x', startedAtMs: 1, started: true, ready: true }
const EXITED: ContainerState = {
  is: 'exited',
  id: 'x',
  exitCode: 0,
  reason: 'Completed',
  startedAtMs: 1,
  finishedAtMs: 2,
}

describe('what the engine does is counted', () => {
  const told = (registry: MetricsRegistry, family: string): unknown =>
    parseMetrics(registry.text())
      .get(family)
      ?.samples.map(({ labels, value }) => [...Object.values(labels), value].join(' '))

  it('restarts and running containers, of the pods that there are', () => {
    const registry = new MetricsRegistry()
    const web = worldOf('web', {
      init: { restarts: 1, state: EXITED },
      app: { restarts: 3, state: RUNNING },
      proxy: { restarts: 0, state: { is: 'starting', sinceMs: 1 } },
    })
    const idle = worldOf('idle', { app: { restarts: 0, state: { is: 'absent' } } })
    let worlds = [web, idle]
    measureEngine(registry, () => worlds)
    const restarts = 'kube_pod_container_status_restarts_total'
    assert.deepEqual(told(registry, restarts), [
      'shop web uid-of-web app 3',
      'shop web uid-of-web proxy 0',
      'shop idle uid-of-idle app 0',
    ])
    assert.deepEqual(told(registry, 'kube_pod_init_container_status_restarts_total'), ['shop web uid-of-web init 1'])
    assert.deepEqual(told(registry, 'kubelet_running_pods'), ['1'])
    assert.deepEqual(told(registry, 'kubelet_running_containers'), ['created 1', 'running 1', 'exited 1'])
    worlds = []
    assert.deepEqual(told(registry, restarts), [])
    assert.deepEqual(told(registry, 'kubelet_running_containers'), ['created 0', 'running 0', 'exited 0'])
  })

  it('probes, until their pod is gone', () => {
    const registry = new MetricsRegistry()
    const metrics = measureEngine(registry, () => [])
    const [web, other] = [worldOf('web', {}).pod.metadata, worldOf('other', {}).pod.metadata]
    for (const outcome of ['success', 'success', 'failure', 'error'] as const) {
      metrics.probed(web, { container: 'app', kind: 'liveness', outcome })
    }
    metrics.probed(other, { container: 'app', kind: 'startup', outcome: 'success' })
    assert.deepEqual(told(registry, 'prober_probe_total'), [
      'Liveness successful app web shop uid-of-web 2',
      'Liveness failed app web shop uid-of-web 1',
      'Liveness unknown app web shop uid-of-web 1',
      'Startup successful app other shop uid-of-other 1',
    ])
    metrics.podGone('uid-of-web')
    assert.deepEqual(told(registry, 'prober_probe_total'), ['Startup successful app other shop uid-of-other 1'])
  })

  it('how long pods take to start', () => {
    const registry = new MetricsRegistry()
    measureEngine(registry, () => []).podStarted(0.06)
    const samples = parseMetrics(registry.text()).get('kubelet_pod_start_duration_seconds')?.samples ?? []
    const at = (le: string): unknown => samples.find(({ labels }) => labels['le'] === le)?.value
    assert.deepEqual([at('0.05'), at('0.1'), at('+Inf')], [0, 1, 1])
  })
})
