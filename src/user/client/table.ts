import type { OpenEndpoint } from './endpoint.ts'
import { queryString, resourcePath, type ApiObject, type ResourceType } from './resource-type.ts'
import { sendForJson } from './send-request.ts'
import { followChanges, watchOnce, type ObjectChange, type RawChange, type WatchOptions } from './watch-objects.ts'

/** Objects as `kubectl get` shows them: the server knows the columns and the words. */
export interface Table<T extends ApiObject> {
  readonly columns: readonly TableColumn[]
  readonly rows: readonly TableRow<T>[]
  readonly metadata: { readonly resourceVersion: string }
}

interface TableColumn {
  /** Such as `Nominated Node`. */
  readonly name: string
  /** Above 0: only in wide output. */
  readonly priority: number
}

export interface TableRow<T extends ApiObject> {
  readonly cells: readonly (string | number | boolean | null)[]
  readonly object: T
  /** The object's. */
  readonly metadata: T['metadata']
}

/** As it is sent. */
interface SentTable<T extends ApiObject> {
  readonly columnDefinitions?: readonly TableColumn[]
  readonly rows?: readonly Omit<TableRow<T>, 'metadata'>[] | null
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string }
}

const AS_TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'

/** @throws Failure NotAcceptable when the server makes no tables of this type. */
export async function listTable<T extends ApiObject>(
  to: OpenEndpoint,
  type: ResourceType<T>,
  options: Omit<WatchOptions, 'resourceVersion' | 'signal'>,
): Promise<Table<T>> {
  const { namespace, fieldSelector, labelSelector } = options
  const path = resourcePath(type, namespace === undefined ? {} : { namespace })
  const pages: SentTable<T>[] = []
  let next: string | undefined
  do {
    const query = queryString({ includeObject: 'Object', fieldSelector, labelSelector, continue: next })
    const wanted = { method: 'GET', path: path + query, what: `list ${type.plural}`, accept: AS_TABLE } as const
    const page = (await sendForJson(to, wanted)) as SentTable<T>
    pages.push(page)
    next = page.metadata.continue
  } while (next !== undefined && next !== '')
  return {
    // Later pages have none.
    columns: pages[0]?.columnDefinitions ?? [],
    rows: pages.flatMap(rowsOf),
    metadata: { resourceVersion: pages.at(-1)?.metadata.resourceVersion ?? '' },
  }
}

/** Every row that changes, without a gap. See watchObjects. */
export function watchRows<T extends ApiObject>(
  to: OpenEndpoint,
  type: ResourceType<T>,
  options: WatchOptions,
): AsyncGenerator<ObjectChange<TableRow<T>>, void, undefined> {
  async function* watch(resourceVersion: string): AsyncGenerator<RawChange<TableRow<T>>, void, undefined> {
    const wanted = { ...options, resourceVersion, accept: AS_TABLE, includeObject: 'Object' } as const
    for await (const { type: change, object } of watchOnce<SentTable<T>>(to, type, wanted)) {
      for (const row of rowsOf(object)) yield { type: change, object: row }
    }
  }
  const list = async () => {
    const { rows, metadata } = await listTable(to, type, options)
    return { items: rows, metadata }
  }
  return followChanges({ list, watch }, options)
}

function rowsOf<T extends ApiObject>({ rows }: SentTable<T>): readonly TableRow<T>[] {
  return (rows ?? []).map((row) => ({ ...row, metadata: row.object.metadata }))
}
