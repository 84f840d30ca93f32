import type { Resource, Store } from '../../node/store/store.ts'
import type { MetricsRegistry } from './metrics-registry.ts'

/** How many objects there are, counted when somebody asks. */
export function measureStore(registry: MetricsRegistry, store: Store, resources: readonly Resource[]): void {
  registry.read(
    'gauge',
    { name: 'apiserver_storage_objects', help: 'Objects that are stored, by resource.', labels: ['resource'] },
    () =>
      resources.map((resource) => {
        const { items, remaining = 0 } = store.list(resource, { limit: 1 })
        const { plural, group } = resource
        return { labels: { resource: group === '' ? plural : `${plural}.${group}` }, value: items.length + remaining }
      }),
  )
}
