import type { Parsed } from '../../../kube/api/problem.ts'
import type { Identity } from '../../../kube/api/rbac/identity.ts'
import type { KubeObject, Resource, Store } from '../../store/store.ts'
import type { Answer } from '../answer.ts'
import type { ApiRequest } from '../api-request.ts'
import type { ResourceUsage } from '../resource-usage.ts'
import type { ServerParts } from '../server-parts.ts'

/** What a server gives a new object and a kind's rules cannot know. */
export interface Admission {
  readonly uid: string
  readonly nowMs: number
  /** Five random letters and digits that complete a generateName. */
  readonly nameSuffix: string
  /** As many random letters, for the volume with the token of a pod's account; absent: there are no tokens here. */
  readonly accountSuffix?: string
  /** The machine that objects run on. */
  readonly nodeName: string
}

/** The objects that there are, for rules about what must be unique among them. */
export type Existing = Pick<Store, 'get' | 'list'>

/** What a delete request does to an object. */
export type Deletion =
  | { readonly is: 'at-once' }
  /** It is marked, and whoever runs it removes it when nothing of it is left. */
  | { readonly is: 'graceful'; readonly graceSeconds: number }
  /** It stays, as this, until whoever empties it has done so and removes it. */
  | { readonly is: 'emptied-first'; readonly object: KubeObject }

/** The rules of a kind, loaded when the first object of it is written. */
export interface KindRules<T extends KubeObject> {
  /** Whether what is stored depends on the other objects that exist: then it is made in turn with all other writes. */
  readonly seesOthers?: boolean
  /** The object to store, with the metadata of a new one; or everything that is wrong with it. */
  prepareCreate(value: KubeObject, admission: Admission): Parsed<T>
  /** What is valid in a new object and yet hardly meant. */
  warnings?(object: T): readonly string[]
  /** The object to store in the place of `current`, of which the server's own metadata and the status stay. */
  prepareUpdate(value: KubeObject, current: T): Parsed<T>
  /** The object with the status that the value has; or what is wrong with that status. */
  prepareStatus(value: KubeObject, current: T): Parsed<T>
  /** The object with the ephemeral containers that the value has; or what is wrong with them. */
  prepareEphemeralContainers?(value: KubeObject, current: T): Parsed<T>
  /** The object with the resources that the value has for its containers; or what is wrong with them. */
  prepareResize?(value: KubeObject, current: T): Parsed<T>
}

/** What of an object a request may change: what belongs to its client, or the part that a subresource stands for. */
export type ObjectPart = 'object' | 'status' | 'ephemeralcontainers' | 'resize'

/**
 * One column of the tables that kubectl prints, as the API describes it (meta.k8s.io/v1 TableColumnDefinition).
 * Source of names, words and order: pkg/printers/internalversion of Kubernetes.
 */
export interface Column<T extends KubeObject = KubeObject> {
  readonly name: string
  /** What the cells are; 'string' when absent. */
  readonly type?: 'string' | 'integer' | 'boolean' | 'date'
  /** Absent: ''. The column that identifies a row has `name`. */
  readonly format?: 'duration' | 'name' | 'quantity'
  readonly description: string
  /** 1: shown by `-o wide` only. Absent: 0. */
  readonly priority?: 0 | 1
  /** The cell, as kubectl prints it; ages are counted up to nowMs. */
  cell(object: T, nowMs: number): string | number | boolean
}

/** What can stand after an object's name in a URL. */
export type Subresource =
  | 'attach'
  | 'binding'
  | 'ephemeralcontainers'
  | 'eviction'
  | 'exec'
  | 'finalize'
  | 'log'
  | 'portforward'
  | 'proxy'
  | 'resize'
  | 'scale'
  | 'status'
  | 'token'

/** Objects that are other objects in another form: nothing is stored of them. */
export interface ObjectView<Shown extends KubeObject, Stored extends KubeObject = KubeObject> {
  readonly of: Resource<Stored>
  show(this: void, stored: Stored): Shown
  keep(this: void, shown: Shown): Stored
}

/** Who writes an object, and where what they may do is kept. */
export interface ObjectWriter {
  readonly store: Store
  readonly user: Identity
}

/** Objects that say of others what they use now: made when they are asked for, nothing is stored of them. */
export interface Measurement<T extends KubeObject, Stored extends KubeObject = KubeObject> {
  /** Whose names and labels they have. */
  readonly of: Resource<Stored>
  /** As messages name them: there are other objects of the same plural. */
  readonly plural: string
  /** Of those of which there is something to say. */
  measure(usage: ResourceUsage, objects: readonly Stored[], parts: ServerParts): Promise<readonly T[]>
}

/** Everything that the server must know of one kind of objects. */
export interface Kind<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories?: readonly string[]
  readonly subresources: readonly Subresource[]
  readonly canDeleteCollection: boolean
  /** Nobody writes them through the API. */
  readonly isReadOnly?: boolean
  /** Whether PUT makes an object that is not there. */
  readonly updateCreates?: boolean
  /** Whether PUT must say which version it replaces. */
  readonly updateNeedsVersion?: boolean
  /**
   * Fields such as `spec.nodeName` that the server itself adds to a new object that lacks them, beside filling in
   * defaults: they do not belong to who created it.
   */
  readonly addedFields?: readonly string[]
  /** Beside metadata.name and metadata.namespace. */
  readonly selectableFields: readonly string[]
  /** The value of one of `selectableFields`; '' when it is not set. */
  fieldValue(object: T, field: string): string
  rules(existing: Existing): Promise<KindRules<T>>
  /** Absent: its objects are stored. */
  readonly view?: ObjectView<T>
  /** Absent: its objects are stored. */
  readonly measured?: Measurement<T>
  /** The columns of its tables. Absent: Name and Created At, as Kubernetes shows what it knows no columns for. */
  columns?(): Promise<readonly Column<T>[]>
  /**
   * What deleting does. Absent: the object is gone at once.
   *
   * @param graceSeconds what the request asks for.
   * @throws Failure Forbidden, Conflict
   */
  deletion?(object: T, graceSeconds: number | undefined): Deletion
  /**
   * Whether who writes the object may store it as it is about to be, beyond what their request itself needs.
   *
   * @param current what it replaces.
   * @throws Failure Forbidden
   */
  checkWriter?(writer: ObjectWriter, object: T, current?: T): void
  /**
   * For kinds that are questions, such as a TokenReview: nothing is stored, and creating one is answered with the same
   * object, its status filled in.
   *
   * @throws Failure
   */
  answer?(question: T, request: ApiRequest, parts: ServerParts): T
  /** For kinds such as Binding whose creation does something to another object: does it. Nothing is stored. @throws Failure */
  carryOut?(parts: ServerParts, request: ApiRequest): Promise<Answer>
}
