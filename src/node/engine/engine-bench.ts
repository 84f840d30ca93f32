import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ContainerStatus, Pod, PodSpec } from '../../kube/api/pod.ts'
import type { NodeFacts } from '../../kube/lifecycle/node-fit.ts'
import type { Image, ImageSource } from '../../machine/image/image.ts'
import type { ResourcePlan } from '../../machine/runtime/container-runtime.ts'
import { removeTree } from '../../machine/linux/remove-tree.ts'
import type { FakeMachine, FakeProgram } from '../../machine/runtime/fake/open-fake-runtime.ts'
import { makeFakeMachine, openFakeRuntime } from '../../machine/runtime/fake/open-fake-runtime.ts'
import { VirtualClock } from '../../machine/runtime/fake/virtual-clock.ts'
import type { Sandbox } from '../../machine/sandbox/sandbox.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import { EVENTS, PODS } from '../store/resources.ts'
import type { Store } from '../store/store.ts'
import type { EngineParts } from './engine-parts.ts'
import { Engine } from './engine.ts'
import { testPod } from './test-pod.ts'

export const IMAGE: Image = {
  id: 'sha256:1234',
  names: ['peapod.local/busybox:latest'],
  digests: [],
  sizeBytes: 1,
  config: {
    entrypoint: [],
    cmd: ['sh'],
    env: [],
    workingDir: '',
    user: '',
    stopSignal: undefined,
    volumes: [],
    architecture: 'amd64',
    os: 'linux',
  },
  layerDirs: [],
}
const SANDBOX: Sandbox = {
  id: testPod().metadata.uid,
  podIPs: ['10.88.0.2'],
  hostIPs: ['192.0.2.2'],
  namespaces: { network: '/n', ipc: '/i', uts: '/u' },
  hostsFile: '/hosts',
  resolvConfFile: '/resolv',
  hostnameFile: '/hostname',
  shmDirectory: '/shm',
}
export const NODE: NodeFacts = {
  name: 'this-machine',
  labels: {},
  allocatable: { cpu: '4', memory: '4Gi', pods: '10' },
}
const PRESENT: ImageSource = {
  find: () => Promise.resolve(IMAGE),
  use: () => Promise.resolve(IMAGE),
  pull: () => Promise.resolve(IMAGE),
}
export const KEY = { namespace: 'default', name: 'web' }
/** Real milliseconds that a step of the engine may take: it makes folders. */
const LIMIT_MS = 5_000

/** What tests give it. */
export type BenchParts = Pick<EngineParts, 'images' | 'api'>

/** An engine on a fake runtime and a virtual clock, with one pod: `default/web`. */
export class Bench implements AsyncDisposable {
  readonly clock = new VirtualClock()
  readonly engine: Engine
  readonly store: Store = openMemoryStore()
  readonly started: string[] = []
  readonly signals: string[] = []
  readonly complaints: string[] = []
  readonly podLimits: ResourcePlan[] = []
  memoryInUseBytes = 0
  readonly #stop = new AbortController()
  readonly #directory: string
  readonly #machine: FakeMachine
  readonly #running: Promise<void>

  constructor(directory: string, programs: Readonly<Record<string, FakeProgram[]>>, parts: BenchParts) {
    this.#directory = directory
    const turns = new Map<string, number>()
    this.#machine = makeFakeMachine(this.clock, ({ id }) => {
      const name = /^[^-]+-(.*)-\d+-\d+$/.exec(id)?.[1] ?? ''
      const turn = turns.get(name) ?? 0
      turns.set(name, turn + 1)
      return programs[name]?.[turn] ?? programs[name]?.at(-1) ?? {}
    })
    const runtime = openFakeRuntime(this.#machine)
    const { started, signals } = this
    this.engine = new Engine({
      store: this.store,
      ...parts,
      runtime: {
        ...runtime,
        start(id) {
          started.push(id.replace(/^[^-]+-/, ''))
          return runtime.start(id)
        },
        signal(id, number) {
          signals.push(`${id.replace(/^[^-]+-/, '')} ${number}`)
          return runtime.signal(id, number)
        },
      },
      sandboxes: {
        create: () => Promise.resolve(SANDBOX),
        remove: () => Promise.resolve(),
        load: () => Promise.resolve(SANDBOX),
        changeLimits: (_path, limits) => void this.podLimits.push(limits),
        memoryInUseBytes: () => this.memoryInUseBytes,
      },
      clock: this.clock,
      machine: { memoryBytes: 2 ** 32, capabilities: [] },
      nodeName: NODE.name,
      node: NODE,
      instanceDirectory: directory,
      log: (line) => this.complaints.push(line),
    })
    this.#running = this.engine.run(this.#stop.signal)
  }

  get pod(): Pod | undefined {
    return this.store.get(PODS, KEY)
  }

  get podDirectory(): string {
    return join(this.#directory, 'pods', testPod().metadata.uid)
  }

  /** What the runtime has, without the pod's UID. */
  get containers(): string[] {
    return [...this.#machine.containers.keys()].map((id) => id.replace(/^[^-]+-/, ''))
  }

  /** Those that one of them runs with. */
  limitsOf(container: string): ResourcePlan | undefined {
    return [...this.#machine.containers].find(([id]) => id.replace(/^[^-]+-/, '') === container)?.[1].resources
  }

  status(container: string): ContainerStatus | undefined {
    const { initContainerStatuses = [], containerStatuses = [] } = this.pod?.status ?? {}
    return [...initContainerStatuses, ...containerStatuses].find(({ name }) => name === container)
  }

  get events(): string[] {
    return this.store.list(EVENTS).items.map(({ reason }) => reason ?? '')
  }

  /** Messages of the events with a reason. */
  told(reason: string): string[] {
    const { items } = this.store.list(EVENTS)
    return items.filter((event) => event.reason === reason).map(({ message }) => message ?? '')
  }

  async create(spec: Partial<PodSpec>): Promise<void> {
    await this.store.create(PODS, testPod({ nodeName: NODE.name, ...spec }))
  }

  /** As the API server marks it. */
  async delete(graceSeconds: number): Promise<void> {
    await this.store.modify(PODS, KEY, (pod) => ({
      ...pod,
      metadata: {
        ...pod.metadata,
        deletionTimestamp: new Date(this.clock.nowMs() + graceSeconds * 1000).toISOString(),
        deletionGracePeriodSeconds: graceSeconds,
      },
    }))
  }

  /** Waits for what needs no time but turns of the event loop and the file system. */
  async until(what: string, condition: () => boolean): Promise<void> {
    const limitMs = Date.now() + LIMIT_MS
    while (!condition()) {
      assert.ok(Date.now() < limitMs, `${what}; the pod is ${JSON.stringify(this.pod?.status, null, 1)}`)
      await this.clock.advance(0)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running
    await this.store.close()
    // Volumes may be mounted in it.
    await removeTree(this.#directory)
    assert.deepEqual(this.complaints, [])
  }
}

/** @param programs of each container by its name, one for each of its starts; the last one stays. */
export async function openBench(
  programs: Readonly<Record<string, FakeProgram[]>>,
  images = PRESENT,
  parts: Omit<BenchParts, 'images'> = {},
): Promise<Bench> {
  return new Bench(await mkdtemp(join(tmpdir(), 'peapod-engine-')), programs, { ...parts, images })
}
