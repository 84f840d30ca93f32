import type { ImageSource } from '../../machine/image/image.ts'
import type { ContainerRuntime } from '../../machine/runtime/container-runtime.ts'
import type { SandboxMaker } from '../../node/engine/engine-parts.ts'
import type { MetricsRegistry } from './metrics-registry.ts'

const BOUNDS_SECONDS = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600]
const PULL_BOUNDS_SECONDS = [1, 5, 10, 20, 30, 60, 180, 300, 600, 900, 1200, 1800, 2700, 3600]

const MB = 1024 * 1024
const GB = 1024 * MB
/** As the kubelet sorts images by their size. */
const SIZES: readonly (readonly [below: number, label: string])[] = [
  [10 * MB, '0-10MB'],
  [100 * MB, '10MB-100MB'],
  [500 * MB, '100MB-500MB'],
  [GB, '500MB-1GB'],
  [5 * GB, '1GB-5GB'],
  [10 * GB, '5GB-10GB'],
  [20 * GB, '10GB-20GB'],
  [30 * GB, '20GB-30GB'],
  [40 * GB, '30GB-40GB'],
  [60 * GB, '40GB-60GB'],
  [100 * GB, '60GB-100GB'],
]

/** What the engine lets the machine do. */
export interface MachineOperations {
  readonly runtime: ContainerRuntime
  readonly images: ImageSource
  readonly sandboxes: SandboxMaker
}

/** The same, counted and timed under the names that the kubelet has for it. */
export function measureOperations(registry: MetricsRegistry): (operations: MachineOperations) => MachineOperations {
  const labels = ['operation_type'] as const
  const total = registry.counter({
    name: 'kubelet_runtime_operations_total',
    help: 'What the machine was asked to do for pods, by what it was.',
    labels,
  })
  const errors = registry.counter({
    name: 'kubelet_runtime_operations_errors_total',
    help: 'How much of it failed. A program that was run in a container and exited with an error did not fail.',
    labels,
  })
  const duration = registry.histogram(
    {
      name: 'kubelet_runtime_operations_duration_seconds',
      help: 'How long it took, whether it failed or not.',
      labels,
    },
    BOUNDS_SECONDS,
  )
  const pulls = registry.histogram(
    {
      name: 'kubelet_image_pull_duration_seconds',
      help: 'How long pulls took that did not fail, by the size of the image.',
      labels: ['image_size_in_bytes'],
    },
    PULL_BOUNDS_SECONDS,
  )

  async function timed<T>(operation: string, run: () => Promise<T>): Promise<T> {
    const startedAtMs = performance.now()
    const about = { operation_type: operation }
    total.add(about)
    try {
      return await run()
    } catch (error) {
      errors.add(about)
      throw error
    } finally {
      duration.observe(about, (performance.now() - startedAtMs) / 1000)
    }
  }

  return ({ runtime, images, sandboxes }) => ({
    runtime: timedRuntime(runtime, timed),
    images: {
      find: (reference) => images.find(reference),
      use: (id) => images.use(id),
      async pull(reference, options) {
        const startedAtMs = performance.now()
        const image = await timed('pull_image', () => images.pull(reference, options))
        pulls.observe({ image_size_in_bytes: sizeLabel(image.sizeBytes) }, (performance.now() - startedAtMs) / 1000)
        return image
      },
    },
    sandboxes: {
      ...sandboxes,
      create: (plan, signal) => timed('run_podsandbox', () => sandboxes.create(plan, signal)),
      remove: (sandbox) => timed('remove_podsandbox', () => sandboxes.remove(sandbox)),
    },
  })
}

type Timed = <T>(operation: string, run: () => Promise<T>) => Promise<T>

function timedRuntime(runtime: ContainerRuntime, timed: Timed): ContainerRuntime {
  return {
    ...runtime,
    create: (plan, signal) => timed('create_container', () => runtime.create(plan, signal)),
    start: (id) => timed('start_container', () => runtime.start(id)),
    signal: (id, signalNumber) => timed('stop_container', () => runtime.signal(id, signalNumber)),
    exec: (id, request) => timed('exec_sync', () => runtime.exec(id, request)),
    updateResources: (id, resources) => timed('update_container', () => runtime.updateResources(id, resources)),
    rotateLog: (log, signal) => timed('reopen_container_log', () => runtime.rotateLog(log, signal)),
    remove: (id) => timed('remove_container', () => runtime.remove(id)),
    list: () => timed('list_containers', () => runtime.list()),
  }
}

function sizeLabel(bytes: number): string {
  return SIZES.find(([below]) => bytes < below)?.[1] ?? 'GT100GB'
}
