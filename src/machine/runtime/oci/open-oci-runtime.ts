import { mkdirSync } from 'node:fs'
import type { ContainerRuntime } from '../container-runtime.ts'
import type { ContainerStreams } from '../container-streams.ts'
import { observeContainer, readProcesses, recordedIds } from './container-record.ts'
import { createContainer } from './create-container.ts'
import { execInContainer } from './exec-in-container.ts'
import { openExitWatch } from './exit-watch.ts'
import { observeMachine } from './observe-machine.ts'
import { openExec } from './open-exec.ts'
import { openInput } from './open-input.ts'
import type { OciInstance, RuntimeKind } from './oci-instance.ts'
import { eraseContainer, endContainer, removeContainer } from './remove-container.ts'
import { rotateLog } from './rotate-log.ts'
import { containerFiles, type RuntimeLayout, runtimeLayout } from './runtime-layout.ts'
import { signalContainer } from './signal-container.ts'
import { startContainer } from './start-container.ts'
import { updateResources } from './update-resources.ts'

export interface OciRuntimeOptions {
  readonly runtimeProgram: string
  readonly runtimeKind: RuntimeKind
  readonly conmonProgram: string
  /** Keeps what is known of the containers, for as long as there are any: made when missing. One process at a time. */
  readonly directory: string
}

/**
 * Containers by crun or runc, each watched by a conmon of its own, which outlives this process: whoever opens the same
 * directory next has them all again. Disposing ends nothing.
 */
export async function openOciRuntime(
  options: OciRuntimeOptions,
): Promise<ContainerRuntime & ContainerStreams & AsyncDisposable> {
  const { runtimeProgram, runtimeKind, conmonProgram } = options
  const layout = runtimeLayout(options.directory)
  for (const directory of [layout.stateRoot, layout.exits, layout.records]) {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  }
  await removeUnfinished(layout)
  const exits = openExitWatch(layout)
  const machine = observeMachine()
  const instance: OciInstance = { programs: { runtimeProgram, conmonProgram }, runtimeKind, layout, machine, exits }
  const removals = new Map<string, Promise<void>>()
  return {
    create: (plan, signal) => createContainer(instance, plan, signal),
    start: (id) => startContainer(instance, id),
    signal: (id, signalNumber) => signalContainer(layout, id, signalNumber),
    exec: (id, request) => execInContainer(instance, id, request),
    updateResources: (id, resources) => Promise.try(updateResources, layout, id, resources),
    rotateLog: (log, signal) => rotateLog(layout, log, signal),
    openExec: (id, exec) => openExec(instance, id, exec),
    openInput: (id) => openInput(instance, id),
    remove: (id) => removeOnce(instance, removals, id),
    list() {
      const ids = recordedIds(layout)
      ids.forEach(exits.look)
      const records = ids.map((id) => observeContainer(layout, id)).filter((record) => record !== undefined)
      return Promise.resolve(records)
    },
    onExit: (listener) => exits.onExit(listener),
    [Symbol.asyncDispose]: () => exits.close(),
  }
}

/** Whoever asks for it while it is under way waits for the same removal. */
function removeOnce(instance: OciInstance, removals: Map<string, Promise<void>>, id: string): Promise<void> {
  const underWay = removals.get(id)
  if (underWay !== undefined) return underWay
  const removal = removeContainer(instance, id).finally(() => removals.delete(id))
  removals.set(id, removal)
  return removal
}

/** What was being made when its maker was killed is of no use to anybody. */
async function removeUnfinished(layout: RuntimeLayout): Promise<void> {
  for (const id of recordedIds(layout)) {
    if (readProcesses(containerFiles(layout, id)) !== undefined) continue
    await endContainer(layout, id)
    await eraseContainer(layout, id)
  }
}
