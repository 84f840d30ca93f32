import type { Pod } from '../../../kube/api/pod.ts'
import { PODS } from '../../client/resource-type.ts'
import type { Table, TableRow } from '../../client/table.ts'
import { columnText, columnWidths } from '../column-text.ts'
import type { Invocation } from '../command.ts'
import { withInterrupt } from '../interrupt.ts'
import { openCluster, type Cluster } from '../open-cluster.ts'
import { writeText } from '../output.ts'
import { printObjects } from '../objects/print-objects.ts'
import { containerRows } from './container-rows.ts'

/** `peapod ps`: the rows are the server's, each followed by its containers. */
export async function ps(invocation: Invocation): Promise<number> {
  const { flags, environment } = invocation
  using cluster = await openCluster(invocation)
  const labelSelector = flags.text('selector')
  const wanted = {
    ...(flags.isSet('all-namespaces') ? {} : { namespace: cluster.namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
  }
  const output = flags.text('output')
  if (output !== undefined && output !== 'wide') {
    const { items } = await cluster.client.list(PODS, wanted)
    await writeText(environment.stdout, await printObjects(PODS, items, output))
    return 0
  }
  const table = await cluster.client.table(PODS, wanted)
  const view = new PodsView(table, invocation)
  await writeText(environment.stdout, view.rows(table.rows))
  if (table.rows.length === 0) await writeText(environment.stderr, view.nothing(cluster))
  if (flags.isSet('watch')) await follow(view, { invocation, cluster, wanted, from: table.metadata.resourceVersion })
  return 0
}

interface Following {
  readonly invocation: Invocation
  readonly cluster: Cluster
  readonly wanted: { readonly namespace?: string; readonly labelSelector?: string }
  readonly from: string
}

/** Each pod that changes, until Ctrl-C. */
async function follow(view: PodsView, { invocation, cluster, wanted, from }: Following): Promise<void> {
  const { environment } = invocation
  await withInterrupt(environment, async (signal) => {
    for await (const { object } of cluster.client.watchRows(PODS, { ...wanted, resourceVersion: from, signal })) {
      await writeText(environment.stdout, view.rows([object]))
    }
    signal.throwIfAborted()
  })
}

/** Shown without being asked for, whatever the server thinks of their priority. */
const ALWAYS = ['IP']

class PodsView {
  readonly #shown: readonly number[]
  readonly #headings: readonly string[]
  readonly #columns: Table<Pod>['columns']
  readonly #invocation: Invocation
  #widths: readonly number[] = []

  constructor({ columns }: Pick<Table<Pod>, 'columns'>, invocation: Invocation) {
    const isWide = invocation.flags.text('output') === 'wide'
    this.#columns = columns
    this.#invocation = invocation
    this.#shown = columns.flatMap(({ name, priority }, index) =>
      isWide || priority === 0 || ALWAYS.includes(name) ? [index] : [],
    )
    this.#headings = [
      ...(this.#allNamespaces ? ['NAMESPACE'] : []),
      ...this.#shown.map((index) => (columns[index]?.name ?? '').toUpperCase()),
    ]
  }

  get #allNamespaces(): boolean {
    return this.#invocation.flags.isSet('all-namespaces')
  }

  /** The headings come once, with the first rows. */
  rows(rows: readonly TableRow<Pod>[]): string {
    const lines = rows.flatMap((row) => [this.#podLine(row), ...this.#containerLines(row)])
    const isFirst = this.#widths.length === 0
    if (lines.length === 0) return ''
    const all = isFirst ? [this.#headings, ...lines] : lines
    // Columns never become narrower, so that rows that come later stand under their headings.
    this.#widths = columnWidths(all).map((width, column) => Math.max(width, this.#widths[column] ?? 0))
    return columnText(all, this.#widths)
  }

  nothing(cluster: Cluster): string {
    return this.#allNamespaces ? 'No Pods found\n' : `No Pods found in namespace ${JSON.stringify(cluster.namespace)}\n`
  }

  #podLine({ cells, object }: TableRow<Pod>): readonly string[] {
    const shown = this.#shown.map((index) => String(cells[index] ?? ''))
    return this.#allNamespaces ? [object.metadata.namespace, ...shown] : shown
  }

  #containerLines({ object }: TableRow<Pod>): readonly (readonly string[])[] {
    if (this.#invocation.flags.isSet('no-containers')) return []
    const rows = containerRows(object, this.#invocation.environment.nowMs())
    return rows.map((row, index) => {
      const branch = index === rows.length - 1 ? '└─' : '├─'
      const cells: Readonly<Record<string, string>> = {
        Name: `${branch} ${row.name}`,
        Ready: row.ready,
        Status: row.status,
        Restarts: row.restarts,
        Age: row.age,
      }
      const shown = this.#shown.map((column) => cells[this.#columns[column]?.name ?? ''] ?? '')
      return this.#allNamespaces ? ['', ...shown] : shown
    })
  }
}
