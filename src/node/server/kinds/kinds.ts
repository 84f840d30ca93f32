import { CONFIG_MAPS, EVENTS, LEASES, NAMESPACES, PODS, SECRETS, SERVICE_ACCOUNTS } from '../../store/resources.ts'
import type { Resource } from '../../store/store.ts'
import type { Kind } from './kind.ts'

interface Registered {
  readonly resource: Resource
  /** Declarations are loaded when the first request is about their kind: most are needed by few. */
  readonly load: () => Promise<Kind>
}

/** Every kind of objects that the server has, in the order in which discovery names groups. */
const REGISTERED: readonly Registered[] = [
  { resource: CONFIG_MAPS, load: async () => (await import('./config-map.ts')).configMapKind },
  { resource: EVENTS, load: async () => (await import('./event.ts')).eventKind },
  { resource: NAMESPACES, load: async () => (await import('./namespace.ts')).namespaceKind },
  { resource: PODS, load: async () => (await import('./pod.ts')).podKind },
  { resource: SECRETS, load: async () => (await import('./secret.ts')).secretKind },
  { resource: SERVICE_ACCOUNTS, load: async () => (await import('./service-account.ts')).serviceAccountKind },
  { resource: LEASES, load: async () => (await import('./lease.ts')).leaseKind },
]

const registeredByPath = new Map(
  REGISTERED.map((each) => [pathOf(each.resource.group, each.resource.version, each.resource.plural), each]),
)
const loaded = new Map<Registered, Kind>()

/** The resources that the store holds objects of. */
export const STORED_RESOURCES: readonly Resource[] = REGISTERED.map(({ resource }) => resource)

/** The kind that a URL names, if there is one. */
export async function findKind(group: string, version: string, plural: string): Promise<Kind | undefined> {
  const registered = registeredByPath.get(pathOf(group, version, plural))
  return registered === undefined ? undefined : loadOnce(registered)
}

/** All of them, for what tells about the API as a whole. */
export function allKinds(): Promise<readonly Kind[]> {
  return Promise.all(REGISTERED.map(loadOnce))
}

async function loadOnce(registered: Registered): Promise<Kind> {
  const known = loaded.get(registered)
  if (known !== undefined) return known
  const kind = await registered.load()
  loaded.set(registered, kind)
  return kind
}

function pathOf(group: string, version: string, plural: string): string {
  return `${group}/${version}/${plural}`
}
