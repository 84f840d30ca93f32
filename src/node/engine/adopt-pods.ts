import { readdir } from 'node:fs/promises'
import type { Pod } from '../../kube/api/pod.ts'
import type { ObservedPod } from '../../kube/lifecycle/observed-pod.ts'
import { removeTree } from '../../machine/linux/remove-tree.ts'
import type { ContainerRecord } from '../../machine/runtime/container-runtime.ts'
import { PODS } from '../store/resources.ts'
import { adoptPod } from './adopt-pod.ts'
import type { EngineParts, Outlived } from './engine-parts.ts'
import { podPaths, podsFolder } from './pod-paths.ts'
import { type Instance, type PodRecord, readPodRecord } from './pod-record.ts'
import type { AdoptedPod } from './pod-world.ts'
import { podCgroupPath } from './sandbox-plan.ts'
import { seenWithoutRecord } from './seen-without-record.ts'
import { readTerminationMessage } from './termination-message.ts'

/**
 * Finds what earlier engines on this directory left running, stopped or killed. Pods that the store still has are to go
 * on as they are; what belongs to none of them is taken off the machine.
 *
 * @returns by UID: every pod of the store that was on this machine before.
 */
export async function adoptPods(parts: EngineParts, outlived: Outlived): Promise<ReadonlyMap<string, AdoptedPod>> {
  const pods = parts.store.list(PODS).items
  const listed = await parts.runtime.list()
  const folders = await namesIn(podsFolder(parts.instanceDirectory))
  const adopted = new Map<string, AdoptedPod>()
  const wanted = new Set<string>()
  for (const pod of pods) {
    const found = await adoptOne(pod, parts, {
      bootId: outlived.bootId,
      listed,
      hasFolder: folders.includes(pod.metadata.uid),
    })
    if (found === undefined) continue
    adopted.set(pod.metadata.uid, found)
    for (const { id } of found.instances) wanted.add(id)
  }
  await Promise.all(listed.filter(({ id }) => !wanted.has(id)).map(({ id }) => parts.runtime.remove(id)))
  const known = new Set(pods.map(({ metadata }) => metadata.uid))
  await Promise.all(folders.filter((uid) => !known.has(uid)).map((uid) => removePod(parts, uid)))
  return adopted
}

interface Machine {
  readonly bootId: string
  readonly listed: readonly ContainerRecord[]
  readonly hasFolder: boolean
}

async function adoptOne(pod: Pod, parts: EngineParts, machine: Machine): Promise<AdoptedPod | undefined> {
  const paths = podPaths(parts.instanceDirectory, pod.metadata.uid)
  const record = machine.hasFolder ? readPodRecord(paths) : undefined
  if (record === undefined) {
    if (pod.status?.startTime === undefined && !machine.hasFolder) return undefined
    return {
      seen: seenWithoutRecord(pod, { hasFolder: machine.hasFolder, nowMs: parts.clock.nowMs() }),
      sandbox: undefined,
      volumes: new Map(),
      instances: [],
    }
  }
  const isReady = record.seen.sandbox.is === 'ready' && record.bootId === machine.bootId
  const sandbox = isReady ? await parts.sandboxes.load(paths.sandbox) : undefined
  const containers = new Map(machine.listed.map((each) => [each.id, each]))
  const seen = adoptPod(pod, record, {
    sandbox: sandbox === undefined ? 'not whole' : 'whole',
    containers,
    messages: await readMessages(pod, record, containers),
    bootId: machine.bootId,
    nowMs: parts.clock.nowMs(),
  })
  // Of a sandbox that is gone, volumes in memory are gone too: what is missing is made again before the next one.
  const volumes = sandbox === undefined ? new Map() : new Map(Object.entries(record.volumes))
  return { seen, sandbox, volumes, instances: record.instances.filter(({ id }) => isNewest(seen, id)) }
}

/** Of every container that has ended, its last words; those that are on the record already are not asked for. */
async function readMessages(
  pod: Pod,
  record: PodRecord,
  containers: ReadonlyMap<string, ContainerRecord>,
): Promise<ReadonlyMap<string, string>> {
  const read = async (instance: Instance): Promise<readonly [string, string]> => {
    const now = containers.get(instance.id)
    return [instance.id, now?.is === 'exited' ? await readTerminationMessage(pod, instance, now.exitCode) : '']
  }
  return new Map(await Promise.all(record.instances.map(read)))
}

function isNewest(seen: ObservedPod, id: string): boolean {
  return Object.values(seen.containers).some(({ state }) => 'id' in state && state.id === id)
}

/** A pod that is in no store any more: its containers were removed with all that nobody wants. */
async function removePod(parts: EngineParts, uid: string): Promise<void> {
  const paths = podPaths(parts.instanceDirectory, uid)
  await parts.sandboxes.remove({ id: uid, directory: paths.sandbox, cgroupPath: podCgroupPath(uid), network: 'pod' })
  await removeTree(paths.pod)
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
