import { openEndpoint, type Endpoint } from './endpoint.ts'
import { readPodLog, type PodLog, type PodLogOptions } from './read-pod-log.ts'
import { resourcePath, type ApiObject, type ResourceType } from './resource-type.ts'
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
  create<T extends ApiObject>(type: ResourceType<T>, object: NewObject): Promise<T>
  get<T extends ApiObject>(type: ResourceType<T>, name: ObjectName): Promise<T>
  list<T extends ApiObject>(
    type: ResourceType<T>,
    options?: Omit<WatchOptions, 'resourceVersion' | 'signal'>,
  ): Promise<ObjectList<T>>
  /** Every change without a gap, until the signal. See watchObjects. */
  watch<T extends ApiObject>(type: ResourceType<T>, options: WatchOptions): AsyncIterable<ObjectChange<T>>
  delete<T extends ApiObject>(type: ResourceType<T>, name: ObjectName, options?: DeleteOptions): Promise<void>
  podLog(pod: { readonly namespace: string; readonly name: string }, options: PodLogOptions): Promise<PodLog>
  /** Closes the idle connections. */
  close(): void
}

export function openClient(endpoint: Endpoint): ApiClient {
  const to = openEndpoint(endpoint)
  return {
    async create<T extends ApiObject>(type: ResourceType<T>, object: NewObject) {
      const { namespace } = object.metadata
      const path = resourcePath(type, namespace === undefined ? {} : { namespace })
      const what = `create ${describe(type, object.metadata)}`
      return (await sendForJson(to, { method: 'POST', path, what, body: object })) as T
    },
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
    close: () => to.agent.destroy(),
  }
}

function describe(
  type: ResourceType<ApiObject>,
  metadata: { readonly name?: string; readonly generateName?: string },
): string {
  return `${type.kind.toLowerCase()} ${JSON.stringify(metadata.name ?? metadata.generateName ?? '')}`
}
