import { openEndpoint, type Endpoint, type OpenEndpoint } from './endpoint.ts'
import { listTable, watchRows, type Table, type TableRow } from './table.ts'
import { readPodLog, type PodLog, type PodLogOptions } from './read-pod-log.ts'
import { queryString, resourcePath, type ApiObject, type ResourceType } from './resource-type.ts'
import { sendForJson } from './send-request.ts'
import { listObjects, watchObjects, type ObjectChange, type ObjectList, type WatchOptions } from './watch-objects.ts'

interface ObjectName {
  readonly namespace?: string
  readonly name: string
}

interface DeleteOptions {
  /** 0 = at once. Absent = the object's own. */
  readonly gracePeriodSeconds?: number
  /** Conflict when the object of this name is another one. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan'
}

interface WriteOptions {
  /** `All`: the server checks and answers, and keeps nothing. */
  readonly dryRun?: 'All'
  /** What to do about fields that the server does not know. */
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore'
  /** In whose name fields are written; absent: peapod. */
  readonly fieldManager?: string
}

interface PatchOptions extends WriteOptions {
  readonly type: PatchType
  /** Only for `apply`: take over fields that others manage. */
  readonly force?: boolean
}

/** @see https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply */
type PatchType = keyof typeof PATCH_TYPES

const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

/** An object to be: what it says beside its metadata is the server's to check. */
interface NewObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: NewMetadata
}

/** The server makes the name when only `generateName` is given. */
interface NewMetadata {
  readonly namespace?: string
  readonly name?: string
  readonly generateName?: string
}

/** A client of the Kubernetes API. Every call throws Failure with the reason that the server gave. */
export interface ApiClient {
  create<T extends ApiObject>(type: ResourceType<T>, object: NewObject, options?: WriteOptions): Promise<T>
  /** Replaces the object as a whole; Conflict when it has another resourceVersion than the one given. */
  update<T extends ApiObject>(
    type: ResourceType<T>,
    object: NewObject & { readonly metadata: ObjectName },
    options?: WriteOptions,
  ): Promise<T>
  /** `body` is the patch itself; YAML in the name of a type means that JSON is welcome, too. */
  patch<T extends ApiObject>(type: ResourceType<T>, to: PatchedObject, options: PatchOptions): Promise<T>
  get<T extends ApiObject>(type: ResourceType<T>, name: ObjectName): Promise<T>
  list<T extends ApiObject>(
    type: ResourceType<T>,
    options?: Omit<WatchOptions, 'resourceVersion' | 'signal'>,
  ): Promise<ObjectList<T>>
  /** The rows of `kubectl get`, with the objects themselves. */
  table<T extends ApiObject>(
    type: ResourceType<T>,
    options?: Omit<WatchOptions, 'resourceVersion' | 'signal'>,
  ): Promise<Table<T>>
  /** As `watch`, with each object in its row. */
  watchRows<T extends ApiObject>(type: ResourceType<T>, options: WatchOptions): AsyncIterable<ObjectChange<TableRow<T>>>
  /** Every change without a gap, until the signal. See watchObjects. */
  watch<T extends ApiObject>(type: ResourceType<T>, options: WatchOptions): AsyncIterable<ObjectChange<T>>
  delete<T extends ApiObject>(type: ResourceType<T>, name: ObjectName, options?: DeleteOptions): Promise<void>
  /** The answer to a GET of any path, for what is no object. */
  read(path: string): Promise<unknown>
  podLog(pod: { readonly namespace: string; readonly name: string }, options: PodLogOptions): Promise<PodLog>
  /** Closes the idle connections. */
  close(): void
}

/** An object's place, and what is to change there. */
interface PatchedObject extends ObjectName {
  readonly subresource?: string
  readonly body: unknown
}

export function openClient(endpoint: Endpoint | OpenEndpoint): ApiClient {
  const to = 'socketPath' in endpoint ? openEndpoint(endpoint) : endpoint
  return {
    async create<T extends ApiObject>(type: ResourceType<T>, object: NewObject, options: WriteOptions = {}) {
      const { namespace } = object.metadata
      const path = resourcePath(type, namespace === undefined ? {} : { namespace }) + queryString({ ...options })
      const what = `create ${describe(type, object.metadata)}`
      return (await sendForJson(to, { method: 'POST', path, what, body: object })) as T
    },
    async update<T extends ApiObject>(
      type: ResourceType<T>,
      object: NewObject & { readonly metadata: ObjectName },
      options: WriteOptions = {},
    ) {
      const path = resourcePath(type, object.metadata) + queryString({ ...options })
      const what = `update ${describe(type, object.metadata)}`
      return (await sendForJson(to, { method: 'PUT', path, what, body: object })) as T
    },
    async patch<T extends ApiObject>(type: ResourceType<T>, object: PatchedObject, options: PatchOptions) {
      const { type: patchType, ...parameters } = options
      // Whoever applies says in whose name; for other writes the server takes it from the program's.
      const manager = patchType === 'apply' ? { fieldManager: 'peapod' } : {}
      return (await sendForJson(to, {
        method: 'PATCH',
        path: resourcePath(type, object) + queryString({ ...manager, ...parameters }),
        what: `${patchType === 'apply' ? 'apply' : 'patch'} ${describe(type, object)}`,
        body: object.body,
        contentType: PATCH_TYPES[patchType],
      })) as T
    },
    table: (type, options = {}) => listTable(to, type, options),
    watchRows: (type, options) => watchRows(to, type, options),
    read: (path) => sendForJson(to, { method: 'GET', path, what: `read ${path}` }),
    async get<T extends ApiObject>(type: ResourceType<T>, name: ObjectName) {
      const what = `get ${describe(type, name)}`
      return (await sendForJson(to, { method: 'GET', path: resourcePath(type, name), what })) as T
    },
    list: (type, options = {}) => listObjects(to, type, options),
    watch: (type, options) => watchObjects(to, type, options),
    async delete(type, name, options = {}) {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...options }
      await sendForJson(to, {
        method: 'DELETE',
        path: resourcePath(type, name),
        what: `delete ${describe(type, name)}`,
        body,
      })
    },
    podLog: (pod, options) => readPodLog(to, pod, options),
    close: () => to.close(),
  }
}

function describe(
  type: ResourceType<ApiObject>,
  metadata: { readonly name?: string; readonly generateName?: string },
): string {
  return `${type.kind.toLowerCase()} ${JSON.stringify(metadata.name ?? metadata.generateName ?? '')}`
}
