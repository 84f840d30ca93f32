import { Failure } from '../../../failure.ts'
import type {
  ContainerPlan,
  ContainerRecord,
  ContainerRuntime,
  ExecRequest,
  ExecResult,
  ResourcePlan,
} from '../container-runtime.ts'

/** How the program of a container behaves. */
export interface FakeProgram {
  /** Ends by itself this long after its start; absent: it runs until it is told to end. */
  readonly exitsAfterMs?: number
  /** Default: 0. */
  readonly exitCode?: number
  readonly outOfMemory?: boolean
  /** Signals other than KILL. Default: it ends at once, as 128 + the signal. */
  readonly onSignal?: 'ignore' | { readonly exitsAfterMs: number; readonly exitCode: number }
  /** What `create` or `start` throws instead of doing it. */
  readonly failsToCreate?: Failure
  readonly failsToStart?: Failure
  /** What `updateResources` throws instead. */
  readonly failsToUpdate?: Failure
  /** How a program behaves that is run beside it. Default: it ends at once with 0. */
  readonly onExec?: (request: ExecRequest) => FakeExec
}

export interface FakeExec {
  /** Default: 0; Infinity: it never ends by itself. */
  readonly takesMs?: number
  readonly exitCode?: number
  readonly output?: string
  /** What `exec` throws instead of running it. */
  readonly fails?: Failure
}

export interface FakeClock {
  nowMs(): number
  callAt(atMs: number, callback: () => void): () => void
}

/** The containers of a machine: they outlive the runtimes that are opened on it. */
export interface FakeMachine {
  readonly clock: FakeClock
  readonly programs: (plan: ContainerPlan) => FakeProgram
  readonly containers: Map<string, FakeContainer>
  readonly exits: EventTarget
}

interface FakeContainer {
  readonly program: FakeProgram
  record: ContainerRecord
  resources: ResourcePlan
  readonly forgets: (() => void)[]
}

type Exited = ContainerRecord & { readonly is: 'exited' }

const SIGKILL = 9
const FIRST_PID = 100
const EXIT = 'exit'

export function makeFakeMachine(clock: FakeClock, programs: (plan: ContainerPlan) => FakeProgram): FakeMachine {
  return { clock, programs, containers: new Map(), exits: new EventTarget() }
}

/** Containers that are nothing but their behaviour in time: for tests of whoever runs containers. */
export function openFakeRuntime(machine: FakeMachine): ContainerRuntime & AsyncDisposable {
  const closed = new AbortController()
  return {
    // Each settles in a later turn, as everything that touches a machine does.
    create: async (plan, signal) => {
      await Promise.resolve()
      create(machine, plan, signal)
    },
    start: async (id) => {
      await Promise.resolve()
      return start(machine, id)
    },
    signal: async (id, signalNumber) => {
      await Promise.resolve()
      deliver(machine, id, signalNumber)
    },
    exec: async (id, request) => {
      await Promise.resolve()
      return exec(machine, id, request)
    },
    updateResources: async (id, resources) => {
      await Promise.resolve()
      updateResources(machine, id, resources)
    },
    // Its programs write nothing.
    rotateLog: () => Promise.resolve(),
    remove: async (id) => {
      await Promise.resolve()
      deliver(machine, id, SIGKILL)
      machine.containers.delete(id)
    },
    list: () => Promise.resolve([...machine.containers.values()].map(({ record }) => record)),
    onExit(listener) {
      const heard = (event: Event) => listener((event as CustomEvent<Exited>).detail)
      const stop = new AbortController()
      machine.exits.addEventListener(EXIT, heard, { signal: AbortSignal.any([stop.signal, closed.signal]) })
      return () => stop.abort()
    },
    [Symbol.asyncDispose]: () => {
      closed.abort()
      return Promise.resolve()
    },
  }
}

function create(machine: FakeMachine, plan: ContainerPlan, signal: AbortSignal): void {
  if (signal.aborted) throw new Failure('Interrupted', `create container "${plan.id}": stopped before its end`)
  if (machine.containers.has(plan.id)) {
    throw new Failure('AlreadyExists', `create container "${plan.id}": there is one with this ID; remove it first`)
  }
  const program = machine.programs(plan)
  if (program.failsToCreate !== undefined) throw program.failsToCreate
  const pid = FIRST_PID + machine.containers.size
  machine.containers.set(plan.id, {
    program,
    record: { id: plan.id, is: 'created', pid },
    resources: plan.resources,
    forgets: [],
  })
}

function start(machine: FakeMachine, id: string): ContainerRecord & { readonly is: 'running' } {
  const container = machine.containers.get(id)
  if (container === undefined) throw new Failure('StartError', `start container "${id}": there is no such container`)
  const { program, record } = container
  if (record.is !== 'created') throw new Failure('StartError', `start container "${id}": it was started before`)
  if (program.failsToStart !== undefined) {
    end(machine, container, 1)
    throw program.failsToStart
  }
  const running = { id, is: 'running', pid: record.pid, startedAtMs: machine.clock.nowMs() } as const
  container.record = running
  if (program.exitsAfterMs !== undefined) endLater(machine, container, program.exitsAfterMs, program.exitCode ?? 0)
  return running
}

function deliver(machine: FakeMachine, id: string, signalNumber: number): void {
  const container = machine.containers.get(id)
  if (container === undefined || container.record.is === 'exited') return
  const { onSignal } = container.program
  if (signalNumber === SIGKILL || onSignal === undefined) end(machine, container, 128 + signalNumber)
  else if (onSignal !== 'ignore') endLater(machine, container, onSignal.exitsAfterMs, onSignal.exitCode)
}

function exec(machine: FakeMachine, id: string, request: ExecRequest): Promise<ExecResult> {
  const container = machine.containers.get(id)
  const tried = `run "${request.args[0] ?? ''}" in container "${id}"`
  if (container?.record.is !== 'running') throw new Failure('NotFound', `${tried}: it does not run`)
  const { takesMs = 0, exitCode = 0, output = '', fails } = container.program.onExec?.(request) ?? {}
  if (fails !== undefined) throw fails
  const { clock } = machine
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void) => {
      for (const forget of forgets) forget()
      request.signal.removeEventListener('abort', onAbort)
      settle()
    }
    const onTimeout = () => finish(() => resolve({ exitCode: 128 + SIGKILL, output, timedOut: true }))
    const onAbort = () => finish(() => reject(new Failure('Interrupted', `${tried}: stopped before its end`)))
    const onEnd = () => finish(() => reject(new Failure('NotFound', `${tried}: the container ended meanwhile`)))
    const forgets = [
      clock.callAt(clock.nowMs() + takesMs, () => finish(() => resolve({ exitCode, output, timedOut: false }))),
      clock.callAt(clock.nowMs() + request.timeoutMs, onTimeout),
    ]
    container.forgets.push(onEnd)
    if (request.signal.aborted) onAbort()
    else request.signal.addEventListener('abort', onAbort, { once: true })
  })
}

function updateResources(machine: FakeMachine, id: string, resources: ResourcePlan): void {
  const container = machine.containers.get(id)
  if (container?.record.is !== 'running') {
    throw new Failure('NotFound', `limit container "${id}": it does not run`)
  }
  if (container.program.failsToUpdate !== undefined) throw container.program.failsToUpdate
  container.resources = resources
}

function endLater(machine: FakeMachine, container: FakeContainer, afterMs: number, exitCode: number): void {
  const { clock } = machine
  container.forgets.push(clock.callAt(clock.nowMs() + afterMs, () => end(machine, container, exitCode)))
}

function end(machine: FakeMachine, container: FakeContainer, exitCode: number): void {
  const { record, program } = container
  if (record.is === 'exited') return
  for (const forget of container.forgets.splice(0)) forget()
  const exited: Exited = {
    id: record.id,
    is: 'exited',
    exitCode,
    outOfMemory: program.outOfMemory === true,
    startedAtMs: record.is === 'running' ? record.startedAtMs : 0,
    finishedAtMs: machine.clock.nowMs(),
  }
  container.record = exited
  machine.exits.dispatchEvent(new CustomEvent(EXIT, { detail: exited }))
}
