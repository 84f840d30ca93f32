import { Failure, messageOf } from '../../failure.ts'
import type { Container, EphemeralContainer } from '../../kube/api/pod.ts'
import { everyContainer } from '../../kube/api/pod.ts'
import type { ContainerState, ExitedContainer, ObservedContainer } from '../../kube/lifecycle/observed-pod.ts'
import { nextAttempt, nextCounters } from '../../kube/lifecycle/restart-delay.ts'
import { runningContainer } from '../../kube/lifecycle/running-container.ts'
import { removeOldLogs } from './collect-pod-garbage.ts'
import { containerEnded } from './container-ended.ts'
import { ensureImage } from './ensure-image.ts'
import type { InstanceNumber } from './make-container.ts'
import { makeContainer } from './make-container.ts'
import { containerId } from './pod-paths.ts'
import type { Instance } from './pod-record.ts'
import type { PodWorld } from './pod-world.ts'
import { takesValues } from './sources/pod-sources.ts'

type NotStarted = Extract<ContainerState, { is: 'not-started' }>

/** From image to running process, told in the kubelet's events; whatever fails becomes the container's state. */
export async function startContainer(world: PodWorld, name: string, signal: AbortSignal): Promise<void> {
  const container = namedContainer(world, name)
  const { sourceChanges = 0 } = world.observations.seen
  const before = world.observations.container(name)
  const number = nextInstance(world, container, before)
  const previous = before?.state.is === 'exited' ? before.state : before?.previous
  world.observations.setContainer(name, {
    ...number,
    ...(before?.image === undefined ? {} : { image: before.image }),
    specImage: container.image,
    state: { is: 'starting', sinceMs: world.parts.clock.nowMs() },
    ...(previous === undefined ? {} : { previous }),
  })
  let instance: Instance
  try {
    instance = await instanceFor(world, container, { number, signal })
  } catch (error) {
    if (error instanceof Failure && error.reason === 'StartError') couldNotRun(world, container, { number, error })
    else couldNotMake(world, container, { before, number, error, signal, sourceChanges })
    return
  }
  await runInstance(world, container, instance, number)
}

/** Makes the next instance of a container ahead of its start, when that costs no pull. What fails is left to the start. */
export async function prepareContainer(world: PodWorld, name: string, signal: AbortSignal): Promise<void> {
  const container = namedContainer(world, name)
  const before = world.observations.container(name)
  // What comes before it in the pod may make, or change, the objects that its environment is made of.
  if (takesValues(container)) return
  if (container.imagePullPolicy === 'Always' || (before !== undefined && before.state.is !== 'absent')) return
  const number = nextInstance(world, container, before)
  const id = instanceId(world, name, number)
  if (world.prepared.has(id) || world.instances.has(id)) return
  const made = world.parts.images.find(container.image).then((image) => {
    if (image === undefined) throw new Failure('ErrImagePull', `image "${container.image}" is not here yet`)
    return makeContainer(world, container, image, { number, signal })
  })
  world.prepared.set(id, made)
  await made.catch(() => undefined)
}

async function instanceFor(
  world: PodWorld,
  container: EphemeralContainer,
  options: { readonly number: InstanceNumber; readonly signal: AbortSignal },
): Promise<Instance> {
  const image = await ensureImage(world, container, options.signal)
  const id = instanceId(world, container.name, options.number)
  const prepared = await world.prepared.get(id)?.catch(() => undefined)
  world.prepared.delete(id)
  const isFit = prepared?.image.id === image.id
  // What an earlier attempt left half-made, or was prepared from another image, has the same name as the next one.
  if (!isFit && world.instances.has(id)) await world.parts.runtime.remove(id)
  const instance = isFit ? prepared : await makeContainer(world, container, image, options)
  // Before it runs: whether it was let run, only the machine knows from here on.
  world.remember()
  world.event('Normal', 'Created', `Created container: ${container.name}`, container.name)
  return instance
}

async function runInstance(
  world: PodWorld,
  container: Container,
  instance: Instance,
  number: InstanceNumber,
): Promise<void> {
  const { name } = container
  try {
    const record = await world.parts.runtime.start(instance.id)
    world.event('Normal', 'Started', `Started container ${name}`, name)
    world.observations.setMade(name, instance)
    world.observations.setState(name, runningContainer(container, record))
    const exit = record.is === 'exited' ? record : world.earlyExits.get(instance.id)
    if (exit !== undefined) await containerEnded(world, exit)
  } catch (error) {
    couldNotRun(world, container, { number, error, instance })
  } finally {
    world.earlyExits.delete(instance.id)
  }
  await removeOldLogs(world, name)
}

/** A container that was made but has no process: Kubernetes shows it as ended with code 128. */
function couldNotRun(
  world: PodWorld,
  container: Container,
  outcome: { readonly number: InstanceNumber; readonly error: unknown; readonly instance?: Instance },
): void {
  const message = messageFor(world, container, outcome)
  const state: ExitedContainer = {
    is: 'exited',
    id: instanceId(world, container.name, outcome.number),
    exitCode: 128,
    reason: 'StartError',
    message,
    startedAtMs: 0,
    finishedAtMs: world.parts.clock.nowMs(),
  }
  world.event('Warning', 'Failed', `Error: ${message}`, container.name)
  if (outcome.instance !== undefined) world.observations.setMade(container.name, outcome.instance)
  world.observations.setState(container.name, state)
}

const NOT_STARTED_REASONS: readonly string[] = [
  'ErrImagePull',
  'ErrImageNeverPull',
  'ImageInspectError',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'FailedMount',
] satisfies NotStarted['reason'][]

function couldNotMake(
  world: PodWorld,
  container: Container,
  outcome: {
    readonly before: ObservedContainer | undefined
    readonly number: InstanceNumber
    readonly error: unknown
    readonly signal: AbortSignal
    readonly sourceChanges: number
  },
): void {
  // The engine ends, and the pod goes on under the next one: nothing has failed.
  if (outcome.signal.aborted && world.parts.outlived !== undefined) return
  const message = messageFor(world, container, outcome)
  const reason = reasonOf(outcome.error)
  const attempts = nextAttempt(outcome.before, container)
  if (world.deleted.aborted) {
    // What a deletion cut short is nobody's failure.
  } else if (reason === 'ErrImagePull') {
    world.event('Warning', 'Failed', `Failed to pull image "${container.image}": ${message}`, container.name)
    world.event('Warning', 'Failed', 'Error: ErrImagePull', container.name)
  } else {
    world.event('Warning', reason === 'FailedMount' ? 'FailedMount' : 'Failed', `Error: ${message}`, container.name)
  }
  world.observations.setState(container.name, {
    is: 'not-started',
    reason,
    message,
    failedAtMs: world.parts.clock.nowMs(),
    attempts,
    sourceChanges: outcome.sourceChanges,
  })
}

function reasonOf(error: unknown): NotStarted['reason'] {
  const thrown = error instanceof Failure ? error.reason : 'CreateContainerError'
  // A Kubernetes node tells a registry that does not answer from one that refuses by the message only.
  if (thrown === 'RegistryUnavailable') return 'ErrImagePull'
  return (NOT_STARTED_REASONS.includes(thrown) ? thrown : 'CreateContainerError') as NotStarted['reason']
}

/** Machine code speaks of instances by their IDs; people know their containers by name. */
function messageFor(
  world: PodWorld,
  { name }: Container,
  { error, number }: { readonly error: unknown; readonly number: InstanceNumber },
): string {
  return messageOf(error).replaceAll(instanceId(world, name, number), name)
}

function nextInstance(world: PodWorld, container: Container, before: ObservedContainer | undefined): InstanceNumber {
  const { sandbox } = world.observations.seen
  return {
    sandboxAttempt: sandbox.is === 'ready' ? sandbox.attempt : 0,
    ...(before === undefined ? { restarts: 0, crashes: 0 } : nextCounters(before, container)),
  }
}

function instanceId(world: PodWorld, container: string, number: InstanceNumber): string {
  return containerId(world.pod.metadata.uid, container, `${number.sandboxAttempt}-${number.restarts}`)
}

function namedContainer(world: PodWorld, name: string): EphemeralContainer {
  const container = everyContainer(world.promised).find((candidate) => candidate.name === name)
  if (container === undefined) throw new Error(`pod ${world.name} has no container ${name}`)
  return container
}
