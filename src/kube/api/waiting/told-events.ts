/** What of an Event tells why a pod waits. */
export interface ToldEvent {
  readonly type?: string
  readonly reason?: string
  readonly message?: string
  readonly count?: number
  readonly lastTimestamp?: string | null
  readonly eventTime?: string | null
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string }
  readonly involvedObject: { readonly fieldPath?: string }
}

/** The one that was seen last, of those that a test takes. */
export function latestEvent(events: readonly ToldEvent[], takes: (event: ToldEvent) => boolean): ToldEvent | undefined {
  const [first, ...others] = events.filter(takes)
  return others.reduce<ToldEvent | undefined>(
    (latest, event) => (latest === undefined || eventAtMs(event) >= eventAtMs(latest) ? event : latest),
    first,
  )
}

/** Epoch milliseconds; 0 when it is not known. */
export function eventAtMs({ series, lastTimestamp, eventTime }: ToldEvent): number {
  return Date.parse(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? '') || 0
}

export function eventCount({ series, count = 1 }: ToldEvent): number {
  return series?.count ?? count
}

/** Whether it tells of this container, as `spec.containers{app}`. */
export function tellsOf({ involvedObject }: ToldEvent, container: string): boolean {
  return involvedObject.fieldPath?.endsWith(`{${container}}`) ?? false
}
