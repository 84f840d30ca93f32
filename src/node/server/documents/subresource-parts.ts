import type { Kind, Subresource } from '../kinds/kind.ts'

interface SubresourceParts {
  readonly group: string
  readonly version: string
  /** Of the object that is sent or received. */
  readonly kind: string
  readonly verbs: readonly string[]
}

const PROXY_VERBS = ['create', 'delete', 'get', 'patch', 'update']
const PART_VERBS = ['get', 'patch', 'update']
const STREAM_VERBS = ['create', 'get']

/** Where a subresource is about another kind than the one it belongs to. `*` stands for that kind's name. */
const OTHER_KINDS: Partial<Record<Subresource, Omit<SubresourceParts, 'verbs'>>> = {
  attach: { group: '', version: 'v1', kind: '*AttachOptions' },
  binding: { group: '', version: 'v1', kind: 'Binding' },
  eviction: { group: 'policy', version: 'v1', kind: 'Eviction' },
  exec: { group: '', version: 'v1', kind: '*ExecOptions' },
  portforward: { group: '', version: 'v1', kind: '*PortForwardOptions' },
  proxy: { group: '', version: 'v1', kind: '*ProxyOptions' },
  scale: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
  token: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
}

const SUBRESOURCE_VERBS: Readonly<Record<Subresource, readonly string[]>> = {
  attach: STREAM_VERBS,
  binding: ['create'],
  ephemeralcontainers: PART_VERBS,
  eviction: ['create'],
  exec: STREAM_VERBS,
  finalize: ['update'],
  log: ['get'],
  portforward: STREAM_VERBS,
  proxy: PROXY_VERBS,
  resize: PART_VERBS,
  scale: PART_VERBS,
  status: PART_VERBS,
  token: ['create'],
}

/** What discovery tells of a kind's subresource. */
export function subresourceParts({ resource }: Kind, subresource: Subresource): SubresourceParts {
  const { group, version, kind } = OTHER_KINDS[subresource] ?? resource
  return { group, version, kind: kind.replace('*', resource.kind), verbs: SUBRESOURCE_VERBS[subresource] }
}
