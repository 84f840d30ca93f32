import { type Event, EVENTS } from '../../store/resources.ts'
import type { Kind } from './kind.ts'

const INVOLVED_OBJECT = ['apiVersion', 'fieldPath', 'kind', 'name', 'namespace', 'resourceVersion', 'uid'] as const

const FIELDS: Readonly<Record<string, (event: Event) => string | undefined>> = {
  ...Object.fromEntries(
    INVOLVED_OBJECT.map((part) => [`involvedObject.${part}`, (event: Event) => event.involvedObject[part]]),
  ),
  reason: (event) => event.reason,
  reportingComponent: (event) => event.reportingComponent,
  source: (event) => event.source?.component ?? event.reportingComponent,
  type: (event) => event.type,
}

export const eventKind: Kind<Event> = {
  resource: EVENTS,
  singular: 'event',
  shortNames: ['ev'],
  subresources: [],
  canDeleteCollection: true,
  updateCreates: true,
  selectableFields: Object.keys(FIELDS),
  fieldValue: (event, field) => FIELDS[field]?.(event) ?? '',
  rules: async () => (await import('./event-rules.ts')).eventRules,
  columns: async () => (await import('../tables/event-columns.ts')).eventColumns,
}
