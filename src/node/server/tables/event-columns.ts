import type { Event } from '../../store/resources.ts'
import type { Column } from '../kinds/kind.ts'
import { age } from './age.ts'
import { nameColumn } from './common-columns.ts'

/** Source: eventColumnDefinitions and printEvent of pkg/printers/internalversion. */
export const eventColumns: readonly Column<Event>[] = [
  {
    name: 'Last Seen',
    description: 'The time at which the most recent occurrence of this event was recorded.',
    cell: (event, nowMs) => age(event.series?.lastObservedTime ?? event.lastTimestamp ?? firstSeen(event), nowMs),
  },
  {
    name: 'Type',
    description: 'Type of this event (Normal, Warning), new types could be added in the future',
    cell: ({ type }) => type ?? '',
  },
  {
    name: 'Reason',
    description:
      "This should be a short, machine understandable string that gives the reason for the transition into the object's current status.",
    cell: ({ reason }) => reason ?? '',
  },
  { name: 'Object', description: 'The object that this event is about.', cell: target },
  {
    name: 'Subobject',
    priority: 1,
    description:
      'If referring to a piece of an object instead of an entire object, this string should contain a valid JSON/Go field access statement, such as desiredState.manifest.containers[2]. For example, if the object reference is to a container within a pod, this would take on a value like: "spec.containers{name}" (where "name" refers to the name of the container that triggered the event) or if no container name is specified "spec.containers[2]" (container with index 2 in this pod). This syntax is chosen only to have some well-defined way of referencing a part of an object.',
    cell: ({ involvedObject }) => involvedObject.fieldPath ?? '',
  },
  {
    name: 'Source',
    priority: 1,
    description: 'The component reporting this event. Should be a short machine understandable string.',
    cell: source,
  },
  {
    name: 'Message',
    description: 'A human-readable description of the status of this operation.',
    cell: ({ message = '' }) => message.trim(),
  },
  {
    name: 'First Seen',
    priority: 1,
    description: 'The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)',
    cell: (event, nowMs) => age(firstSeen(event), nowMs),
  },
  {
    name: 'Count',
    priority: 1,
    description: 'The number of times this event has occurred.',
    // An event that happened once need not say so.
    cell: ({ series, count = 0 }) => series?.count ?? (count === 0 ? 1 : count),
  },
  { ...nameColumn, priority: 1 },
]

function firstSeen({ firstTimestamp, eventTime }: Event): string | undefined {
  return firstTimestamp ?? eventTime
}

function target({ involvedObject: { kind = '', name = '' } }: Event): string {
  return name === '' ? kind.toLowerCase() : `${kind.toLowerCase()}/${name}`
}

function source({
  source: { component = '', host = '' } = {},
  reportingComponent = '',
  reportingInstance = '',
}: Event): string {
  const [who, where] = component === '' ? [reportingComponent, reportingInstance] : [component, host]
  return where === '' ? who : `${who}, ${where}`
}
