import { Failure, messageOf } from '../../../failure.ts'
import type { KubeObject, Resource, Store } from '../../store/store.ts'
import type { SourceKey } from './pod-sources.ts'

interface Followed {
  /** Who is told of a change, by `namespace/name`. */
  readonly listeners: Map<string, Set<() => void>>
  readonly stop: AbortController
}

/**
 * Tells pods of changes to the objects that they stand on. Of each resource all pods share one watch, which there is only
 * while a pod needs it.
 */
export class SourceWatch {
  readonly #store: Store
  readonly #log: (line: string) => void
  readonly #followed = new Map<string, Followed>()

  constructor({ store, log }: { readonly store: Store; readonly log: (line: string) => void }) {
    this.#store = store
    this.#log = log
  }

  /** Calls back after each change of one of the objects from now on, also of those that are yet to be made. */
  follow(keys: readonly SourceKey[], changed: () => void): Disposable {
    for (const { resource, namespace, name } of keys) {
      const { listeners } = this.#followed.get(resource.plural) ?? this.#begin(resource)
      const id = `${namespace}/${name}`
      const there = listeners.get(id)
      if (there === undefined) listeners.set(id, new Set([changed]))
      else there.add(changed)
    }
    return { [Symbol.dispose]: () => keys.forEach((key) => this.#leave(key, changed)) }
  }

  #begin(resource: Resource): Followed {
    const followed: Followed = { listeners: new Map(), stop: new AbortController() }
    this.#followed.set(resource.plural, followed)
    void this.#watch(resource, followed).catch((error: unknown) =>
      this.#log(`follow ${resource.plural}: ${messageOf(error)}; pods no longer see their changes`),
    )
    return followed
  }

  async #watch(resource: Resource, { listeners, stop }: Followed): Promise<void> {
    const tell = ({ metadata }: KubeObject): void => {
      for (const changed of listeners.get(`${metadata.namespace ?? ''}/${metadata.name ?? ''}`) ?? []) changed()
    }
    for (;;) {
      const { resourceVersion } = this.#store
      const watch = this.#store.watch({ resource, fromResourceVersion: resourceVersion, signal: stop.signal })
      try {
        for await (const event of watch) if (event.type !== 'BOOKMARK') tell(event.object)
        return
      } catch (error) {
        if (!(error instanceof Failure && error.reason === 'Expired')) throw error
        // It fell behind what the store keeps: anything may have changed.
        for (const all of [...listeners.values()]) for (const changed of all) changed()
      }
    }
  }

  #leave({ resource, namespace, name }: SourceKey, changed: () => void): void {
    const followed = this.#followed.get(resource.plural)
    const id = `${namespace}/${name}`
    const there = followed?.listeners.get(id)
    if (followed === undefined || there === undefined) return
    there.delete(changed)
    if (there.size === 0) followed.listeners.delete(id)
    if (followed.listeners.size > 0) return
    followed.stop.abort()
    this.#followed.delete(resource.plural)
  }
}
