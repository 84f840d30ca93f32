import { checkNewEvent, checkNewEventIsNew, checkNewEventUpdate } from '../../../kube/api/rules/new-event.ts'
import { type Event, EVENTS, NEW_EVENTS, type NewEvent } from '../../store/resources.ts'
import { eventKind } from './event.ts'
import type { Kind } from './kind.ts'
import { selectable } from './selectable.ts'
import { storedRules } from './stored-rules.ts'

/** What both forms call the same. */
const SHARED = ['action', 'reason', 'related', 'reportingInstance', 'series', 'type'] as const

/** Fields of core Events and what events.k8s.io calls them. */
const RENAMED = {
  involvedObject: 'regarding',
  message: 'note',
  reportingComponent: 'reportingController',
  source: 'deprecatedSource',
  firstTimestamp: 'deprecatedFirstTimestamp',
  lastTimestamp: 'deprecatedLastTimestamp',
  count: 'deprecatedCount',
} as const

export const newEventKind: Kind<NewEvent> = {
  resource: NEW_EVENTS,
  singular: 'event',
  shortNames: ['ev'],
  subresources: [],
  canDeleteCollection: true,
  ...selectable<NewEvent>({
    reason: ({ reason }) => reason,
    'regarding.kind': ({ regarding }) => regarding?.kind,
    'regarding.name': ({ regarding }) => regarding?.name,
    'regarding.namespace': ({ regarding }) => regarding?.namespace,
    'regarding.uid': ({ regarding }) => regarding?.uid,
    reportingController: ({ reportingController }) => reportingController,
    type: ({ type }) => type,
  }),
  view: { of: EVENTS, show: showEvent, keep: keepEvent },
  rules: async (existing) => {
    const rules = await storedRules<NewEvent>(
      { typeName: 'EventsV1Event', check: checkNewEvent, checkUpdate: checkNewEventUpdate },
      existing,
    )
    return {
      ...rules,
      prepareCreate(value, admission) {
        const created = rules.prepareCreate(value, admission)
        const problems = created.ok ? checkNewEventIsNew(created.value) : []
        return problems.length > 0 ? { ok: false, problems } : created
      },
    }
  },
  async columns() {
    const columns = (await eventKind.columns?.()) ?? []
    return columns.map((column) => ({
      ...column,
      cell: (event: NewEvent, nowMs: number) => column.cell(keepEvent(event), nowMs),
    }))
  },
}

function showEvent(event: Event): NewEvent {
  const renamed = Object.entries(RENAMED).flatMap(([from, to]) => entry(event, from, to))
  const shared = SHARED.flatMap((field) => entry(event, field, field))
  // The one time that Kubernetes writes even when there is none.
  const fields = {
    metadata: event.metadata,
    eventTime: event.eventTime ?? null,
    ...Object.fromEntries([...shared, ...renamed]),
  }
  return { apiVersion: 'events.k8s.io/v1', kind: 'Event', ...fields } as unknown as NewEvent
}

function keepEvent(event: NewEvent): Event {
  const renamed = Object.entries(RENAMED).flatMap(([to, from]) => entry(event, from, to))
  const shared = ['eventTime', ...SHARED].flatMap((field) => entry(event, field, field))
  const fields = { involvedObject: {}, ...Object.fromEntries([...shared, ...renamed]) }
  return { apiVersion: 'v1', kind: 'Event', metadata: event.metadata, ...fields }
}

function entry(event: object, from: string, to: string): [string, unknown][] {
  const value = (event as Readonly<Record<string, unknown>>)[from]
  return value === undefined || value === null ? [] : [[to, value]]
}
