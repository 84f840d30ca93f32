import type { V1ObjectReference } from '@kubernetes/client-node'
import { rfc3339 } from '../../kube/api/rfc3339.ts'
import { Failure } from '../../failure.ts'
import type { Json } from '../../kube/api/pod.ts'
import { type Event, EVENTS } from './resources.ts'
import type { Store } from './store.ts'

export interface EventRecord {
  /** `fieldPath` names the container, if it is about one: `spec.containers{web}`. */
  readonly involvedObject: Json<V1ObjectReference>
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  readonly nowMs: number
  readonly source: { readonly component: string; readonly host?: string }
}

/** Kubernetes' limit for an Event's message, in characters. */
const MESSAGE_LIMIT = 1024
/** Leaves room for the suffix in the 253 characters of a name. */
const NAME_LIMIT = 236

/**
 * Says in an Event what happened to an object. What happens again in the same words is counted in the same Event.
 *
 * Events are best effort, as in Kubernetes: one that the store can't take (it is closed, the disk is full) is dropped,
 * since what it tells about goes on either way, and the writes that matter fail by themselves.
 */
export function recordEvent(store: Store, record: EventRecord): void {
  void write(store, record).catch((thrown: unknown) => {
    if (!(thrown instanceof Failure)) throw thrown
  })
}

async function write(store: Store, record: EventRecord): Promise<void> {
  const event = firstOf(record)
  try {
    await store.create(EVENTS, event)
  } catch (thrown) {
    if (!(thrown instanceof Failure && thrown.reason === 'AlreadyExists')) throw thrown
    const { namespace, name = '' } = event.metadata
    await store.modify(EVENTS, { namespace, name }, (known) => ({
      ...known,
      count: (known.count ?? 1) + 1,
      lastTimestamp: event.lastTimestamp ?? '',
    }))
  }
}

function firstOf(record: EventRecord): Event {
  const { involvedObject, source } = record
  const now = rfc3339(record.nowMs)
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name: `${(involvedObject.name ?? '').slice(0, NAME_LIMIT)}.${identityOf(record)}`,
      namespace: involvedObject.namespace ?? 'default',
      uid: crypto.randomUUID(),
      creationTimestamp: now,
    },
    involvedObject,
    reason: record.reason,
    message: record.message.slice(0, MESSAGE_LIMIT),
    source,
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
    type: record.type,
    reportingComponent: source.component,
    reportingInstance: source.host ?? '',
  }
}

/** The same for records that are repeats of each other: the name finds the Event that counts them. */
function identityOf({ involvedObject, type, reason, message, source }: EventRecord): string {
  const { kind, namespace, name, uid, fieldPath } = involvedObject
  const text = JSON.stringify([kind, namespace, name, uid, fieldPath, type, reason, message, source])
  return hash(text, 0x811c9dc5) + hash(text, 0x01000193)
}

/** FNV-1a, 32 bits, as eight hexadecimal digits. */
function hash(text: string, seed: number): string {
  let value = seed
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  return (value >>> 0).toString(16).padStart(8, '0')
}
