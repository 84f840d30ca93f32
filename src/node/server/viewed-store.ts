import type {
  KubeObject,
  ListOptions,
  ObjectKey,
  ObjectList,
  Preconditions,
  Resource,
  Selection,
  Store,
  WatchEvent,
  WatchOptions,
  WriteTurn,
} from '../store/store.ts'
import type { ObjectView } from './kinds/kind.ts'

/** A store that also holds the objects of a resource which are other objects in another form. */
export function viewedStore<Shown extends KubeObject>(
  store: Store,
  resource: Resource<Shown>,
  view: ObjectView<Shown>,
): Store {
  const viewed = new ViewedObjects(store, view)
  // What asks for the shown resource gets its objects: the types follow from that.
  const choose = (asked: Resource): Store => (asked === resource ? (viewed as unknown as Store) : store)
  return {
    get resourceVersion() {
      return store.resourceVersion
    },
    get: (asked, key) => choose(asked).get(asked, key),
    list: (asked, options) => choose(asked).list(asked, options),
    create: (asked, object, remade) => choose(asked).create(asked, object, remade),
    update: (asked, object, options) => choose(asked).update(asked, object, options),
    modify: (asked, key, change, turn) => choose(asked).modify(asked, key, change, turn),
    delete: (asked, key, preconditions) => choose(asked).delete(asked, key, preconditions),
    watch: (options) => choose(options.resource).watch(options),
    watchAll: (options) => store.watchAll(options),
    close: () => store.close(),
  }
}

class ViewedObjects<Shown extends KubeObject, Stored extends KubeObject> {
  readonly #store: Store
  readonly #view: ObjectView<Shown, Stored>

  constructor(store: Store, view: ObjectView<Shown, Stored>) {
    this.#store = store
    this.#view = view
  }

  get(_resource: Resource<Shown>, key: ObjectKey): Shown | undefined {
    const stored = this.#store.get(this.#view.of, key)
    return stored === undefined ? undefined : this.#view.show(stored)
  }

  list(_resource: Resource<Shown>, options: ListOptions<Shown> = {}): ObjectList<Shown> {
    const list = this.#store.list(this.#view.of, { ...options, ...this.#selection(options) })
    return { ...list, items: list.items.map(this.#view.show) }
  }

  async create(_resource: Resource<Shown>, object: Shown, remade?: () => Shown): Promise<Shown> {
    const kept = remade === undefined ? undefined : () => this.#view.keep(remade())
    return this.#view.show(await this.#store.create(this.#view.of, this.#view.keep(object), kept))
  }

  async update(
    _resource: Resource<Shown>,
    object: Shown,
    options?: { readonly expectedResourceVersion?: string | undefined },
  ): Promise<Shown> {
    return this.#view.show(await this.#store.update(this.#view.of, this.#view.keep(object), options))
  }

  async modify(
    _resource: Resource<Shown>,
    key: ObjectKey,
    change: (current: Shown) => Shown | undefined,
    turn?: WriteTurn,
  ): Promise<Shown> {
    const keep = (current: Stored): Stored | undefined => {
      const next = change(this.#view.show(current))
      return next === undefined ? undefined : this.#view.keep(next)
    }
    const stored = await this.#store.modify(this.#view.of, key, keep, turn)
    return this.#view.show(stored)
  }

  async delete(_resource: Resource<Shown>, key: ObjectKey, preconditions?: Preconditions): Promise<Shown> {
    return this.#view.show(await this.#store.delete(this.#view.of, key, preconditions))
  }

  async *watch(options: WatchOptions<Shown>): AsyncGenerator<WatchEvent<Shown>, void, undefined> {
    const stored = { ...options, resource: this.#view.of, ...this.#selection(options) }
    for await (const event of this.#store.watch(stored)) {
      yield event.type === 'BOOKMARK' ? event : { ...event, object: this.#view.show(event.object) }
    }
  }

  #selection({ namespace, matches }: Selection<Shown>): Required<Selection<Stored>> {
    return { namespace, matches: matches === undefined ? undefined : (object) => matches(this.#view.show(object)) }
  }
}
