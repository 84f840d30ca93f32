import { Failure } from '../../../failure.ts'
import { Discovery } from '../../client/discovery.ts'
import { EVENTS, type PodEvent } from '../../client/resource-type.ts'
import { columnText, columnWidths } from '../column-text.ts'
import type { Invocation } from '../command.ts'
import { withInterrupt } from '../interrupt.ts'
import { byTime, eventInterval } from '../objects/event-interval.ts'
import { printObjects } from '../objects/print-objects.ts'
import { openCluster, type Cluster } from '../open-cluster.ts'
import { writeText } from '../output.ts'

/** `peapod events`: as `kubectl events`. */
export async function events(invocation: Invocation): Promise<number> {
  const { flags, environment } = invocation
  using cluster = await openCluster(invocation)
  const fieldSelector = await selectorFor(flags.text('for'), cluster)
  const isEverywhere = flags.isSet('all-namespaces')
  const wanted = {
    ...(isEverywhere ? {} : { namespace: cluster.namespace }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  }
  const isAsked = typeFilter(flags.texts('types'))
  const { items, metadata } = await cluster.client.list(EVENTS, wanted)
  const found = items.filter(isAsked).toSorted(byTime)
  const output = flags.text('output')
  if (output !== undefined) {
    await writeText(environment.stdout, await printObjects(EVENTS, found, output))
    return 0
  }
  const rows = new EventRows({ isEverywhere, hasHeadings: !flags.isSet('no-headers'), nowMs: environment.nowMs })
  await writeText(environment.stdout, rows.text(found))
  if (!flags.isSet('watch')) {
    if (found.length === 0) await writeText(environment.stderr, nothingText(isEverywhere, cluster))
    return 0
  }
  return await withInterrupt(environment, async (signal) => {
    const from = { ...wanted, resourceVersion: metadata.resourceVersion, signal }
    for await (const { type, object } of cluster.client.watch(EVENTS, from)) {
      if (type !== 'DELETED' && isAsked(object)) await writeText(environment.stdout, rows.text([object]))
    }
    signal.throwIfAborted()
    return 0
  })
}

/** `pod/web` and the like. */
async function selectorFor(subject: string | undefined, { client }: Cluster): Promise<string | undefined> {
  if (subject === undefined) return undefined
  const [type = '', name = '', ...more] = subject.split('/')
  if (type === '' || name === '' || more.length > 0) {
    throw new Failure('UsageError', `--for must be TYPE/NAME, such as pod/web; got ${JSON.stringify(subject)}`)
  }
  const { kind, apiVersion } = await new Discovery(client).named(type)
  const wanted = { kind, apiVersion, name }
  return Object.entries(wanted)
    .map(([field, value]) => `involvedObject.${field}=${value}`)
    .join(',')
}

function typeFilter(types: readonly string[]): (event: PodEvent) => boolean {
  const asked = types.flatMap((each) => each.toLowerCase().split(',')).filter((type) => type !== '')
  return ({ type }) => asked.length === 0 || asked.includes(type?.toLowerCase() ?? '')
}

function nothingText(isEverywhere: boolean, { namespace }: Cluster): string {
  return isEverywhere ? 'No events found.\n' : `No events found in ${namespace} namespace.\n`
}

interface RowOptions {
  readonly isEverywhere: boolean
  readonly hasHeadings: boolean
  readonly nowMs: () => number
}

class EventRows {
  readonly #options: RowOptions
  #widths: readonly number[] | undefined

  constructor(options: RowOptions) {
    this.#options = options
  }

  /** The headings come once, with the first rows. */
  text(found: readonly PodEvent[]): string {
    const { isEverywhere, hasHeadings, nowMs } = this.#options
    if (found.length === 0) return ''
    const rows = found.map((event) => [
      ...(isEverywhere ? [event.metadata.namespace ?? ''] : []),
      eventInterval(event, nowMs()),
      event.type ?? '',
      event.reason ?? '',
      `${event.involvedObject.kind ?? ''}/${event.involvedObject.name ?? ''}`,
      (event.message ?? '').trim(),
    ])
    const headings = [...(isEverywhere ? ['NAMESPACE'] : []), 'LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE']
    const all = this.#widths === undefined && hasHeadings ? [headings, ...rows] : rows
    const before = this.#widths ?? []
    this.#widths = columnWidths(all).map((width, column) => Math.max(width, before[column] ?? 0))
    // The last column is as long as it is: blanks would only fill it up.
    return columnText(all, this.#widths)
  }
}
