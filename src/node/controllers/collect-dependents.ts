import { Failure, messageOf } from '../../failure.ts'
import { unlessLetGo } from '../store/held-object.ts'
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from '../store/propagation.ts'
import type { KubeObject } from '../store/store.ts'
import {
  blocks,
  decideCollection,
  type OwnerState,
  waitsFor,
  withoutFinalizer,
  withoutOwners,
} from './decide-collection.ts'
import { deleteObject } from './delete-object.ts'
import { DueWork } from './due-work.ts'
import type { LookedAfter } from './empty-namespaces.ts'
import { followAll, type Told } from './follow-all.ts'
import { OwnerGraph, ownersOf } from './owner-graph.ts'

/**
 * Lets objects go after their owners: the garbage collection of Kubernetes, for the Background, Foreground and Orphan
 * policies. Ends with the signal.
 *
 * @see https://kubernetes.io/docs/concepts/architecture/garbage-collection/
 */
export async function collectDependents(all: LookedAfter, signal: AbortSignal): Promise<void> {
  const graph = new OwnerGraph()
  const collector: Collector = { ...all, graph }
  const work = new DueWork(
    (uid) => lookAt(collector, uid),
    (_uid, thrown) => all.log(`collect what its owners left: ${messageOf(thrown)}`),
    signal,
  )
  await followAll(all.store, { resources: all.resources, signal }, (told) => {
    const { uid = '' } = told.object.metadata
    const dependents = graph.dependentsOf(uid)
    if (told.type === 'DELETED') {
      // Who waits for it may go on; who depends on it goes, too.
      for (const owner of ownersOf(told.object)) if (graph.get(owner) !== undefined) work.due(owner)
      graph.remove(uid)
      for (const dependent of dependents) work.due(dependent.object.metadata.uid ?? '')
      return
    }
    const isNewlyOwned = graph.put(told) && ownersOf(told.object).length > 0
    const waits = waitsFor(told.object)
    if (isNewlyOwned || waits !== undefined) work.due(uid)
    if (waits === 'Foreground') for (const dependent of dependents) work.due(dependent.object.metadata.uid ?? '')
  })
  await work.settled()
}

interface Collector extends LookedAfter {
  readonly graph: OwnerGraph
}

async function lookAt(collector: Collector, uid: string): Promise<void> {
  const told = collector.graph.get(uid)
  if (told === undefined) return
  const waits = waitsFor(told.object)
  if (waits === 'Orphan') await orphanDependents(collector, told)
  else if (waits === 'Foreground') await letGoWhenUnblocked(collector, told)
  else await followOwners(collector, told)
}

async function followOwners(collector: Collector, told: Told): Promise<void> {
  const { graph, store, nowMs } = collector
  const { object } = told
  const hasDependents = graph.dependentsOf(object.metadata.uid ?? '').length > 0
  const collection = decideCollection(object, (owner) => ownerState(collector, object, owner), hasDependents)
  switch (collection.do) {
    case 'nothing':
      return
    case 'delete': {
      const { propagation } = collection
      return deleteObject(store, told, { nowMs: nowMs(), ...(propagation === undefined ? {} : { propagation }) })
    }
    case 'drop-owners':
      return change(collector, told, (current) => withoutOwners(current, collection.uids))
  }
}

type OwnerReference = NonNullable<KubeObject['metadata']['ownerReferences']>[number]

/** The owner must be where the object can see it: in its namespace or in none. Of an unknown kind nothing can be told. */
function ownerState({ store, resources }: Collector, { metadata }: KubeObject, owner: OwnerReference): OwnerState {
  const resource = resources.find(
    ({ group, version, kind }) =>
      kind === owner.kind && owner.apiVersion === (group === '' ? version : `${group}/${version}`),
  )
  if (resource === undefined) return 'stays'
  const namespace = resource.namespaced ? metadata.namespace : undefined
  const found = store.get(resource, { namespace, name: owner.name })
  if (found?.metadata.uid !== owner.uid) return 'gone'
  return waitsFor(found) === 'Foreground' ? 'waits-for-dependents' : 'stays'
}

async function orphanDependents(collector: Collector, told: Told): Promise<void> {
  const { uid = '' } = told.object.metadata
  const dependents = collector.graph.dependentsOf(uid)
  await Promise.all(
    dependents.map((dependent) => change(collector, dependent, (current) => withoutOwners(current, [uid]))),
  )
  await change(collector, told, (current) => withoutFinalizer(current, ORPHAN_FINALIZER))
}

async function letGoWhenUnblocked(collector: Collector, told: Told): Promise<void> {
  const { uid = '' } = told.object.metadata
  const blocking = collector.graph.dependentsOf(uid).filter(({ object }) => blocks(object, uid))
  if (blocking.length > 0) return
  await change(collector, told, (current) => withoutFinalizer(current, FOREGROUND_FINALIZER))
}

/** Changes the object, if it is still there and the same. */
async function change(
  { store }: Collector,
  { resource, object }: Told,
  next: (current: KubeObject) => KubeObject,
): Promise<void> {
  const { namespace, name = '', uid } = object.metadata
  try {
    await store.modify(resource, { namespace, name }, (current) =>
      current.metadata.uid === uid ? unlessLetGo(next(current), current) : current,
    )
  } catch (thrown) {
    if (!(thrown instanceof Failure && thrown.reason === 'NotFound')) throw thrown
  }
}
