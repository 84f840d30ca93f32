import { isDeepStrictEqual } from 'node:util'
import type { EventsV1Event } from '@kubernetes/client-node'
import type { Draft, Finding } from './finding.ts'
import { invalid, invalidFor, isEmpty, required } from './finding.ts'
import { brokenByQualifiedName } from './names.ts'

// Source: ValidateEventCreate and ValidateEventUpdate of pkg/apis/core/validation/events.go. Some of its paths are those
// of core Events, of which these are another form.

type Event = Draft<EventsV1Event>

const LONGEST_WORD = 128
const LONGEST_NOTE = 1024
const NO_NAMESPACE = ['default', 'kube-system']

export function checkNewEvent(event: Event): Finding[] {
  const { metadata, regarding, reportingController, note = '', type = '' } = event
  const about = regarding?.namespace
  return [
    ...(isEmpty(about) && !NO_NAMESPACE.includes(metadata?.namespace ?? '')
      ? [invalid('involvedObject.namespace', about ?? '', 'does not match event.namespace')]
      : []),
    ...(isEmpty(reportingController) ? [required('reportingController')] : []),
    ...invalidFor('reportingController', reportingController ?? '', brokenByQualifiedName(reportingController ?? '')),
    ...(['reportingInstance', 'action', 'reason'] as const).flatMap((field) => checkWord(event[field], field)),
    ...(Buffer.byteLength(note) > LONGEST_NOTE
      ? [invalid('message', '', `can have at most ${LONGEST_NOTE} characters`)]
      : []),
    ...checkSeries(event),
    ...(isEmpty(event.eventTime) ? [required('eventTime')] : []),
    ...(type === 'Normal' || type === 'Warning' ? [] : [invalid('type', '', `has invalid value: ${type}`)]),
  ]
}

/** What only core Events may still say. */
export function checkNewEventIsNew(event: Event): Finding[] {
  const { deprecatedFirstTimestamp, deprecatedLastTimestamp, deprecatedCount = 0, deprecatedSource } = event
  const fields = {
    firstTimestamp: deprecatedFirstTimestamp !== undefined,
    lastTimestamp: deprecatedLastTimestamp !== undefined,
    count: deprecatedCount !== 0,
    source: !isEmpty(deprecatedSource?.component) || !isEmpty(deprecatedSource?.host),
  }
  return Object.entries(fields).flatMap(([field, isSet]) => (isSet ? [invalid(field, '', 'needs to be unset')] : []))
}

const FIXED: readonly (readonly [keyof Event, reportedAs: string])[] = [
  ['regarding', 'involvedObject'],
  ['reason', 'reason'],
  ['note', 'message'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
  ['type', 'type'],
  ['eventTime', 'eventTime'],
  ['action', 'action'],
  ['related', 'related'],
  ['reportingController', 'reportingController'],
  ['reportingInstance', 'reportingInstance'],
]

/** Only its series goes on. */
export function checkNewEventUpdate(next: Event, current: Event): Finding[] {
  return FIXED.filter(([field]) => !isDeepStrictEqual(next[field] ?? undefined, current[field] ?? undefined)).map(
    ([field, reportedAs]) => invalid(reportedAs, next[field] ?? null, 'field is immutable'),
  )
}

function checkWord(word: string | undefined, field: string): Finding[] {
  if (isEmpty(word)) return [required(field)]
  return Buffer.byteLength(word) > LONGEST_WORD
    ? [invalid(field, '', `can have at most ${LONGEST_WORD} characters`)]
    : []
}

function checkSeries({ series }: Event): Finding[] {
  if (series === undefined) return []
  return [
    ...((series.count ?? 0) < 2 ? [invalid('series.count', '', 'should be at least 2')] : []),
    ...(isEmpty(series.lastObservedTime) ? [required('series.lastObservedTime')] : []),
  ]
}
