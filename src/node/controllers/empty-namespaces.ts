import { Failure, messageOf } from '../../failure.ts'
import { namespaceFinalizers, unlessLetGo } from '../store/held-object.ts'
import { type Namespace, NAMESPACES } from '../store/resources.ts'
import type { KubeObject, Resource, Store } from '../store/store.ts'
import { deleteObject } from './delete-object.ts'
import { DueWork } from './due-work.ts'
import { followAll } from './follow-all.ts'
import { namespaceConditions, type Remaining } from './namespace-conditions.ts'

/** The finalizer of a Namespace's spec that stands for the emptying. */
const CONTENT_FINALIZER = 'kubernetes'

/** What controllers that look after all objects work with. */
export interface LookedAfter {
  readonly store: Store
  /** Everything that the store holds objects of. */
  readonly resources: readonly Resource[]
  readonly nowMs: () => number
  /** One line for the server's own log. */
  readonly log: (line: string) => void
}

/** Deletes what is in namespaces that are being deleted, and lets each of them go once nothing is. Ends with the signal. */
export async function emptyNamespaces(all: LookedAfter, signal: AbortSignal): Promise<void> {
  const resources = all.resources.filter(({ namespaced }) => namespaced)
  const terminating = new Set<string>()
  const emptying = new DueWork(
    (name) => emptyOnce({ ...all, resources }, name),
    (name, thrown) => all.log(`empty namespace "${name}": ${messageOf(thrown)}`),
    signal,
  )
  await followAll(all.store, { resources: [NAMESPACES, ...resources], signal }, ({ resource, type, object }) => {
    const { name = '', namespace = '' } = object.metadata
    if (resource.plural === NAMESPACES.plural) {
      if (type === 'DELETED' || !isTerminating(object)) terminating.delete(name)
      else if (!terminating.has(name)) {
        terminating.add(name)
        emptying.due(name)
      }
    } else if (terminating.has(namespace)) emptying.due(namespace)
  })
  await emptying.settled()
}

function isTerminating(namespace: KubeObject): boolean {
  const { deletionTimestamp } = namespace.metadata
  return deletionTimestamp !== undefined && namespaceFinalizers(namespace).includes(CONTENT_FINALIZER)
}

async function emptyOnce({ store, resources, nowMs }: LookedAfter, name: string): Promise<void> {
  await Promise.all(
    contentOf(store, resources, name).flatMap(({ resource, objects }) =>
      objects.map((object) => deleteObject(store, { resource, object }, { nowMs: nowMs() })),
    ),
  )
  const remaining = contentOf(store, resources, name)
  try {
    await store.modify(NAMESPACES, { name }, (namespace) => {
      if (!isTerminating(namespace)) return namespace
      if (remaining.length === 0) return unlessLetGo(withoutContentFinalizer(namespace), namespace)
      const conditions = namespaceConditions(remaining, namespace.status?.conditions ?? [], nowMs())
      return { ...namespace, status: { ...namespace.status, conditions } }
    })
  } catch (thrown) {
    if (!(thrown instanceof Failure && thrown.reason === 'NotFound')) throw thrown
  }
}

function contentOf(store: Store, resources: readonly Resource[], namespace: string): Remaining[] {
  return resources
    .map((resource) => ({ resource, objects: store.list(resource, { namespace }).items }))
    .filter(({ objects }) => objects.length > 0)
}

function withoutContentFinalizer(namespace: Namespace): Namespace {
  const finalizers = namespaceFinalizers(namespace).filter((each) => each !== CONTENT_FINALIZER)
  return { ...namespace, spec: { ...namespace.spec, finalizers } }
}
