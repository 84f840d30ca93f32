import { allContainers, type Pod } from '../../kube/api/pod.ts'
import type { ContainerState, ObservedContainer, ProbeKind } from '../../kube/lifecycle/observed-pod.ts'
import type { ProbeOutcome } from '../../kube/lifecycle/probe-verdict.ts'
import type { EngineMetrics, ProbeRun } from '../../node/engine/engine-metrics.ts'
import type { PodWorld } from '../../node/engine/pod-world.ts'
import type { Labels, MetricsRegistry, Reading } from './metrics-registry.ts'

/** Kubernetes' begin at half a second: a pod here has often started by then. */
const START_BOUNDS_SECONDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600]

const PROBE = ['probe_type', 'result', 'container', 'pod', 'namespace', 'pod_uid'] as const
const CONTAINER = ['namespace', 'pod', 'uid', 'container'] as const

const PROBE_TYPES: Readonly<Record<ProbeKind, string>> = {
  startup: 'Startup',
  liveness: 'Liveness',
  readiness: 'Readiness',
}
const RESULTS: Readonly<Record<ProbeOutcome, string>> = { success: 'successful', failure: 'failed', error: 'unknown' }

/** As the kubelet names what a runtime tells of containers. */
const STATES: Readonly<Record<ContainerState['is'], string | undefined>> = {
  absent: undefined,
  'not-started': undefined,
  starting: 'created',
  running: 'running',
  exited: 'exited',
}

type Probed = Reading<(typeof PROBE)[number]>

/** @param worlds of every pod that has something on this machine, now. */
export function measureEngine(
  registry: MetricsRegistry,
  worlds: () => Iterable<Pick<PodWorld, 'pod' | 'observations'>>,
): EngineMetrics {
  const started = registry.histogram(
    {
      name: 'kubelet_pod_start_duration_seconds',
      help: 'From when the node took a pod in until all its app containers had begun: images, volumes and init containers among it.',
      labels: [],
    },
    START_BOUNDS_SECONDS,
  )
  const probesByPod = new Map<string, Map<string, Probed>>()
  registry.read(
    'counter',
    {
      name: 'prober_probe_total',
      help: 'Runs of probes, of the pods that there are. A result that is unknown: the probe could not be run.',
      labels: PROBE,
    },
    () => probesByPod.values().flatMap((probes) => probes.values()),
  )
  readPods(registry, worlds)

  return {
    podStarted: (seconds) => started.observe({}, seconds),
    podGone: (uid) => void probesByPod.delete(uid),
    probed({ namespace, name: pod, uid }, run) {
      const probes = probesByPod.get(uid) ?? new Map<string, Probed>()
      probesByPod.set(uid, probes)
      const key = `${run.container} ${run.kind} ${run.outcome}`
      const labels = { ...probeLabels(run), pod, namespace, pod_uid: uid }
      probes.set(key, { labels, value: (probes.get(key)?.value ?? 0) + 1 })
    },
  }
}

function probeLabels({ kind, outcome, container }: ProbeRun): Labels<'probe_type' | 'result' | 'container'> {
  return { probe_type: PROBE_TYPES[kind], result: RESULTS[outcome], container }
}

/** What is looked up in the pods when somebody asks. */
function readPods(registry: MetricsRegistry, worlds: () => Iterable<Pick<PodWorld, 'pod' | 'observations'>>): void {
  const pods = (): IteratorObject<PodContainers> =>
    Iterator.from(worlds()).map(({ pod, observations }) => ({ pod, containers: observations.seen.containers }))
  registry.read(
    'counter',
    {
      name: 'kube_pod_container_status_restarts_total',
      help: 'Restarts of each app container of the pods that there are.',
      labels: CONTAINER,
    },
    () => pods().flatMap((each) => restartsOf(each, each.pod.spec.containers)),
  )
  registry.read(
    'counter',
    {
      name: 'kube_pod_init_container_status_restarts_total',
      help: 'Restarts of each init container, sidecars among them, of the pods that there are.',
      labels: CONTAINER,
    },
    () => pods().flatMap((each) => restartsOf(each, each.pod.spec.initContainers ?? [])),
  )
  registry.read('gauge', { name: 'kubelet_running_pods', help: 'Pods of which a container runs.', labels: [] }, () => [
    { labels: {}, value: pods().filter(isRunning).toArray().length },
  ])
  registry.read(
    'gauge',
    {
      name: 'kubelet_running_containers',
      help: 'Containers of the pods that there are, by what they are doing.',
      labels: ['container_state'],
    },
    () => {
      const counts = new Map([...new Set(Object.values(STATES))].map((state) => [state, 0]))
      for (const { pod, containers } of pods()) {
        for (const { name } of allContainers(pod)) {
          const state = STATES[containers[name]?.state.is ?? 'absent']
          counts.set(state, (counts.get(state) ?? 0) + 1)
        }
      }
      return [...counts].flatMap(([state, value]) =>
        state === undefined ? [] : [{ labels: { container_state: state }, value }],
      )
    },
  )
}

interface PodContainers {
  readonly pod: Pod
  readonly containers: Readonly<Record<string, ObservedContainer>>
}

function restartsOf(
  { pod, containers }: PodContainers,
  wanted: readonly { readonly name: string }[],
): Reading<(typeof CONTAINER)[number]>[] {
  const { namespace, name, uid } = pod.metadata
  return wanted.flatMap(({ name: container }) => {
    const restarts = containers[container]?.restarts
    return restarts === undefined ? [] : [{ labels: { namespace, pod: name, uid, container }, value: restarts }]
  })
}

function isRunning({ containers }: PodContainers): boolean {
  return Object.values(containers).some(({ state }) => state.is === 'running')
}
