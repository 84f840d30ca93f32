import type { V1ObjectMeta } from '@kubernetes/client-node'
import type { Json } from '../../kube/api/pod.ts'

/** Any Kubernetes object: plain JSON, frozen to the bottom once it is stored. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Json<V1ObjectMeta>
}

/** A kind of objects as URLs name it, such as `pods` of group '' and version `v1`. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** '' for Kubernetes' core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
  /** Never set: carries the type of the objects, which were checked before they were stored. */
  readonly holds?: T
}

/** Which object of a resource. The namespace is absent for a resource that is not namespaced. */
export interface ObjectKey {
  readonly namespace?: string | undefined
  readonly name: string
}

export interface Selection<T extends KubeObject> {
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined
  /** Label and field selectors, compiled. Must be pure: it is also asked about earlier versions. */
  readonly matches?: ((object: T) => boolean) | undefined
}

export interface ListOptions<T extends KubeObject> extends Selection<T> {
  /** The state as it was at this version instead of now. */
  readonly atResourceVersion?: string | undefined
  /** At most so many objects; `next` says where to go on. */
  readonly limit?: number | undefined
  /** The `next` of an earlier list with the same selection. */
  readonly after?: string | undefined
}

export interface ObjectList<T extends KubeObject> {
  /** In the order of the text `namespace/name`, as Kubernetes lists. */
  readonly items: readonly T[]
  /** The version of the state that was read: watch from here to see every later change. */
  readonly resourceVersion: string
  /** Set when the limit cut the list; goes into `after`. */
  readonly next?: string
  /** How many objects follow the last one; set together with `next`. */
  readonly remaining?: number
}

export interface WatchOptions<T extends KubeObject> extends Selection<T> {
  readonly resource: Resource<T>
  /** Events are the changes after this version; a list's resourceVersion is the natural start. */
  readonly fromResourceVersion: string
  /** Ends the iteration, without an error. */
  readonly signal: AbortSignal
  /** After so long without an event, a BOOKMARK says how far the watch has come. Absent: no bookmarks. */
  readonly bookmarkEveryMs?: number | undefined
}

/**
 * One change as the watch's selection sees it: an object that begins to match is ADDED, one that no longer matches is
 * DELETED (with its new state). The object of a DELETED event carries the version of the deletion.
 */
export type WatchEvent<T extends KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T; readonly resourceVersion: string }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }

/** A change of an object of any resource. */
export interface AnyChange {
  /** Which resource, as resourceId tells it. */
  readonly resourceId: string
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: KubeObject
}

/** How a write is decided. */
export interface WriteTurn {
  /**
   * The write also depends on other objects: the function that decides it finds all earlier writes when it reads, not
   * only those to its own object. Costs the write a commit of its own.
   */
  readonly seesOthers?: boolean
}

export interface Preconditions {
  readonly uid?: string | undefined
  readonly resourceVersion?: string | undefined
}

/**
 * Objects with versions and watches.
 *
 * - Every write that changes anything gets the next number of one sequence that all resources share; it stands in
 *   `metadata.resourceVersion`. A write that changes nothing keeps the version and no watch sees it.
 * - Writes take effect one after the other, in the order of the calls, each wholly or not at all. A write's promise
 *   settles once it is durable; until then no read and no watch shows it.
 * - Reads are synchronous: what is read in one tick is one state.
 * - Objects that come out are frozen and shared; what goes in is copied through JSON (what JSON can't carry is lost).
 * - The store checks nothing but keys and versions: objects are validated before they come here.
 */
export interface Store {
  /** The version of the newest change: '0' before the first one. */
  readonly resourceVersion: string

  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): T | undefined

  /** @throws Failure Expired when the state at `atResourceVersion` is no longer known */
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions<T>): ObjectList<T>

  /**
   * @param remade what to store instead, made when it is this write's turn and all earlier ones can be read: for what must
   *   be unique among other objects. It has the same name; what it throws rejects the promise.
   * @throws Failure AlreadyExists
   */
  create<T extends KubeObject>(resource: Resource<T>, object: T, remade?: () => T): Promise<T>

  /**
   * Puts the object in the place of the one with its name.
   *
   * @param options without `expectedResourceVersion` whatever is there is replaced.
   * @throws Failure NotFound, Conflict
   */
  update<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options?: { readonly expectedResourceVersion?: string | undefined },
  ): Promise<T>

  /**
   * Replaces an object by what the function makes of its newest version, with no other write between: never a
   * Conflict. Best for status: `modify(PODS, key, (pod) => ({ ...pod, status }))`.
   *
   * @param change pure and synchronous; undefined removes the object; what it throws rejects the promise and leaves
   *   the object alone.
   * @returns the object as stored, or the last version of one that was removed.
   * @throws Failure NotFound
   */
  modify<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    change: (current: T) => T | undefined,
    turn?: WriteTurn,
  ): Promise<T>

  /**
   * Removes the object at once: graceful deletion is the API server's matter.
   *
   * @returns its last version, with the version of the deletion.
   * @throws Failure NotFound, Conflict when a precondition does not hold
   */
  delete<T extends KubeObject>(resource: Resource<T>, key: ObjectKey, preconditions?: Preconditions): Promise<T>

  /**
   * Every change after a version, in order, without loss or repetition. Watches read one shared log at their own pace:
   * a slow one costs no memory and holds nobody up; one that falls behind what is kept ends with Expired.
   *
   * @throws Failure Expired while iterating, when changes after that version were already forgotten or never were:
   *   list again and watch from there.
   */
  watch<T extends KubeObject>(options: WatchOptions<T>): AsyncIterable<WatchEvent<T>>

  /**
   * Every change of every resource after a version, in order: for who looks after all objects. Otherwise like a watch.
   *
   * @throws Failure Expired while iterating
   */
  watchAll(options: Pick<WatchOptions<KubeObject>, 'fromResourceVersion' | 'signal'>): AsyncIterable<AnyChange>

  /** Settles after the writes under way; ends all watches. Later writes are rejected with ServiceUnavailable. */
  close(): Promise<void>
}
