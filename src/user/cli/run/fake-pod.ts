import type { FakeApiServer, FakeObject } from '../../client/fake-api-server.ts'

interface Facts {
  restarts: number
  state: Record<string, unknown>
  lastState?: Record<string, unknown>
  ready: boolean
}

/** A pod on the fake server whose node is the test. */
export class FakePod {
  readonly created: Promise<void>
  readonly #server: FakeApiServer
  readonly #name: string
  readonly #facts = new Map<string, Facts>()
  #phase = 'Pending'
  #events = 0

  constructor(server: FakeApiServer, name: string) {
    this.#server = server
    this.#name = name
    const before = server.onCreate
    this.created = new Promise((resolve) => {
      server.onCreate = (pod) => {
        before(pod)
        if (pod.metadata.name === name) resolve()
      }
    })
  }

  /** The containers run, in one status. */
  running(...containers: readonly string[]): void {
    for (const name of containers) {
      const before = this.#facts.get(name)
      const restarts = before === undefined ? 0 : before.restarts + 1
      this.#facts.set(name, {
        restarts,
        state: { running: { startedAt: '2026-11-20T00:00:00Z' } },
        ready: true,
        ...(before === undefined ? {} : { lastState: before.state }),
      })
    }
    this.#phase = 'Running'
    this.#publish()
  }

  exited(container: string, exitCode: number, options: { phase?: string; reason?: string } = {}): void {
    const before = this.#facts.get(container) ?? { restarts: 0 }
    const reason = options.reason ?? (exitCode === 0 ? 'Completed' : 'Error')
    const times = { startedAt: '2026-11-20T00:00:00Z', finishedAt: '2026-11-20T00:00:01Z' }
    const containerID = `peapod://${container}-${before.restarts}`
    this.#facts.set(container, {
      ...before,
      ready: false,
      state: { terminated: { exitCode, reason, ...times, containerID } },
    })
    this.#phase = options.phase ?? this.#phase
    this.#publish()
  }

  over(phase: string): void {
    this.#phase = phase
    this.#publish()
  }

  stopping(graceSeconds: number): void {
    this.#publish({ deletionTimestamp: '2026-11-20T00:01:00Z', deletionGracePeriodSeconds: graceSeconds })
  }

  event({ reason, container, message }: { reason: string; container: string; message: string }): void {
    const uid = this.#object().metadata.uid
    this.#server.put('events', {
      metadata: { name: `${this.#name}.${this.#events++}`, namespace: 'default' },
      type: 'Normal',
      reason,
      message,
      count: 1,
      involvedObject: { uid, fieldPath: `spec.containers{${container}}` },
    })
  }

  #publish(metadata: Readonly<Record<string, unknown>> = {}): void {
    const object = this.#object()
    const specs = (object['spec'] as { containers: { name: string; image: string }[] }).containers
    const isReady = specs.every(({ name }) => this.#facts.get(name)?.ready)
    this.#server.put('pods', {
      ...object,
      metadata: { ...object.metadata, ...metadata },
      status: {
        phase: this.#phase,
        conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }],
        containerStatuses: specs.map(({ name, image }) => this.#status(name, image)),
      },
    })
  }

  #status(name: string, image: string): Record<string, unknown> {
    const facts = this.#facts.get(name)
    if (facts === undefined) {
      return { name, image, restartCount: 0, ready: false, state: { waiting: { reason: 'ContainerCreating' } } }
    }
    const { restarts: restartCount, ...rest } = facts
    return { name, image, restartCount, containerID: `peapod://${name}-${restartCount}`, ...rest }
  }

  #object(): FakeObject {
    const object = this.#server.object('pods', this.#name)
    if (object === undefined) throw new Error(`pod ${this.#name} is not there`)
    return object
  }
}
