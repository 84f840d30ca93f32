import { closeSync, openSync } from 'node:fs'
import { Failure, messageOf } from '../../failure.ts'
import type { EphemeralContainer } from '../../kube/api/pod.ts'
import type { ContainerRecord } from '../../machine/runtime/container-runtime.ts'
import type { PodWorld } from './pod-world.ts'

/** The PID namespace of another container, held open: nobody else's gets its place. */
export interface TargetProcesses extends Disposable {
  readonly namespace: string
}

type Running = Extract<ContainerRecord, { is: 'running' }>

/**
 * Whose processes an ephemeral container is to see (C1).
 *
 * @returns undefined when it names no target.
 * @throws Failure CreateContainerConfigError, CreateContainerError when the target does not run
 */
export async function openTargetProcesses(
  world: PodWorld,
  { name, targetContainerName: target = '' }: EphemeralContainer,
): Promise<TargetProcesses | undefined> {
  if (target === '') return undefined
  const state = world.observations.container(target)?.state
  // In the words of a Kubernetes node.
  if (state === undefined) throw new Failure('CreateContainerConfigError', `unable to find target container ${target}`)
  const find = async (): Promise<Running | undefined> => {
    const listed = state.is === 'running' ? await world.parts.runtime.list() : []
    const found = listed.find(({ id }) => state.is === 'running' && id === state.id)
    return found?.is === 'running' ? found : undefined
  }
  const notRunning = `create "${name}": its target container "${target}" does not run`
  const before = await find()
  if (before === undefined) throw new Failure('CreateContainerError', notRunning)
  const fd = openNamespace(before.pid, notRunning)
  // Its PID may have been another process's by then, unless it still runs.
  if ((await find()) === undefined) {
    closeSync(fd)
    throw new Failure('CreateContainerError', notRunning)
  }
  return { namespace: `/proc/${process.pid}/fd/${fd}`, [Symbol.dispose]: () => closeSync(fd) }
}

function openNamespace(pid: number, notRunning: string): number {
  try {
    return openSync(`/proc/${pid}/ns/pid`, 'r')
  } catch (error) {
    throw new Failure('CreateContainerError', `${notRunning}: ${messageOf(error)}`, { cause: error })
  }
}
