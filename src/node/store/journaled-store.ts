import { Failure } from '../../failure.ts'
import type { ChangeLog } from './change-log.ts'
import { History } from './history.ts'
import type { Journal } from './journal.ts'
import { listObjects, rewind } from './list-objects.ts'
import type { ObjectTable } from './object-table.ts'
import { StagedChanges, type Write } from './staged-changes.ts'
import { alreadyExists, checkPreconditions, notFound } from './store-failure.ts'
import type {
  AnyChange,
  KubeObject,
  ListOptions,
  ObjectKey,
  ObjectList,
  Preconditions,
  Resource,
  Store,
  WatchEvent,
  WatchOptions,
  WriteTurn,
} from './store.ts'
import { watchAllChanges, watchChanges } from './watch-changes.ts'

interface PendingWrite extends Write, WriteTurn {
  readonly resolve: (object: KubeObject) => void
  readonly reject: (reason: unknown) => void
}

/** The newest version of every object in memory; every change in a journal first. */
export class JournaledStore implements Store {
  readonly #journal: Journal
  readonly #objects: ObjectTable
  readonly #log: ChangeLog
  readonly #history: History
  #pending: PendingWrite[] = []
  #flushed: Promise<void> = Promise.resolve()
  #closing = false

  /** @param log ends at the version of the newest change. */
  constructor(journal: Journal, objects: ObjectTable, log: ChangeLog) {
    this.#journal = journal
    this.#objects = objects
    this.#log = log
    this.#history = new History(log, journal)
  }

  get resourceVersion(): string {
    return String(this.#log.end)
  }

  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): T | undefined {
    return this.#objects.get(resource, key) as T | undefined
  }

  list<T extends KubeObject>(resource: Resource<T>, options: ListOptions<T> = {}): ObjectList<T> {
    const at = options.atResourceVersion
    if (at === undefined || at === this.resourceVersion) {
      return listObjects(this.#objects.entries(resource, options.namespace), options, this.resourceVersion)
    }
    const entries = this.#objects.entries(resource)
    const changes = this.#history.allAfter(this.#history.parseVersion(at))
    return listObjects(rewind(entries, resource, changes), options, at)
  }

  create<T extends KubeObject>(resource: Resource<T>, object: T, remade?: () => T): Promise<T> {
    const decide = (current: T | undefined): T => {
      if (current !== undefined) throw alreadyExists(resource, keyOf(object).name)
      return remade?.() ?? object
    }
    return this.#write(resource, keyOf(object), { decide, seesOthers: remade !== undefined })
  }

  update<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: { readonly expectedResourceVersion?: string | undefined } = {},
  ): Promise<T> {
    return this.modify(resource, keyOf(object), (current) => {
      checkPreconditions(resource, current, { resourceVersion: options.expectedResourceVersion })
      return object
    })
  }

  modify<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    change: (current: T) => T | undefined,
    turn: WriteTurn = {},
  ): Promise<T> {
    const decide = (current: T | undefined): T | undefined => {
      if (current === undefined) throw notFound(resource, key.name)
      return change(current)
    }
    return this.#write(resource, key, { ...turn, decide })
  }

  delete<T extends KubeObject>(resource: Resource<T>, key: ObjectKey, preconditions: Preconditions = {}): Promise<T> {
    return this.modify(resource, key, (current) => {
      checkPreconditions(resource, current, preconditions)
      return undefined
    })
  }

  watch<T extends KubeObject>(options: WatchOptions<T>): AsyncIterable<WatchEvent<T>> {
    return watchChanges(this.#log, this.#history, options)
  }

  watchAll(options: { readonly fromResourceVersion: string; readonly signal: AbortSignal }): AsyncIterable<AnyChange> {
    return watchAllChanges(this.#log, this.#history, options)
  }

  async close(): Promise<void> {
    this.#closing = true
    await this.#flushed
    if (this.#log.closed) return
    this.#log.close()
    this.#journal.close()
  }

  #write<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    { decide, seesOthers }: WriteTurn & { readonly decide: (current: T | undefined) => T | undefined },
  ): Promise<T> {
    if (this.#closing) return Promise.reject(new Failure('ServiceUnavailable', 'write to the store: it is closed'))
    const { promise, resolve, reject } = Promise.withResolvers<KubeObject>()
    const write = { resource, key, decide: decide as Write['decide'], ...(seesOthers === true ? { seesOthers } : {}) }
    this.#pending.push({ ...write, resolve, reject })
    if (this.#pending.length === 1) {
      this.#flushed = new Promise((done) => {
        // setImmediate comes after the sockets of this turn were read: all their writes share one commit.
        setImmediate(() => {
          this.#flush()
          done()
        })
      })
    }
    return promise as Promise<T>
  }

  /** Group commit: the waiting writes become durable together, then visible, then they are answered. */
  #flush(): void {
    const waiting = this.#pending
    this.#pending = []
    // Who reads other objects in its turn finds there what was committed.
    let from = 0
    for (let index = 1; index <= waiting.length; index++) {
      if (index < waiting.length && waiting[index]?.seesOthers !== true) continue
      this.#commit(waiting.slice(from, index))
      from = index
    }
  }

  #commit(batch: readonly PendingWrite[]): void {
    const staged = new StagedChanges(this.#objects, this.#log.end)
    const answers = batch.map((write) => decide(staged, write))
    try {
      if (staged.changes.length > 0) this.#journal.append(staged.changes)
    } catch (failure) {
      for (const write of batch) write.reject(failure)
      return
    }
    for (const change of staged.changes) this.#objects.apply(change)
    this.#log.append(staged.changes)
    for (const answer of answers) answer()
  }
}

function keyOf(object: KubeObject): ObjectKey {
  const { namespace, name } = object.metadata
  if (name === undefined) throw new TypeError(`a ${object.kind} without a name can't be stored`)
  return { namespace, name }
}

/** Takes the decision now; the function it returns tells the writer. */
function decide(staged: StagedChanges, write: PendingWrite): () => void {
  try {
    const object = staged.stage(write)
    return () => write.resolve(object)
  } catch (failure) {
    return () => write.reject(failure)
  }
}
