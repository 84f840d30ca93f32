import type { Kind } from '../../kinds/kind.ts'
import { groupVersionOf } from '../discovered-groups.ts'
import { verbsOf } from '../verbs-of.ts'

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

export interface Operation {
  readonly path: string
  readonly method: Method
  /** Kubernetes' word for what it does, in x-kubernetes-action. */
  readonly action: string
  readonly kind: Kind
  /** Names in the path, then parameters of the query. */
  readonly pathParameters: readonly string[]
  readonly queryParameters: readonly (readonly [name: string, type: 'boolean' | 'integer' | 'string'])[]
  readonly answersWithList: boolean
}

const READING = [['pretty', 'string']] as const
const LISTING = [
  ...READING,
  ['allowWatchBookmarks', 'boolean'],
  ['continue', 'string'],
  ['fieldSelector', 'string'],
  ['labelSelector', 'string'],
  ['limit', 'integer'],
  ['resourceVersion', 'string'],
  ['resourceVersionMatch', 'string'],
  ['sendInitialEvents', 'boolean'],
  ['timeoutSeconds', 'integer'],
  ['watch', 'boolean'],
] as const
/** kubectl asks here whether the server checks fields: without fieldValidation it would check them itself. */
const WRITING = [...READING, ['dryRun', 'string'], ['fieldManager', 'string'], ['fieldValidation', 'string']] as const
const PATCHING = [...WRITING, ['force', 'boolean']] as const
const DELETING = [
  ...READING,
  ['dryRun', 'string'],
  ['gracePeriodSeconds', 'integer'],
  ['orphanDependents', 'boolean'],
  ['propagationPolicy', 'string'],
] as const

const ON_COLLECTION: Readonly<Record<string, readonly [Method, action: string, Operation['queryParameters']]>> = {
  list: ['get', 'list', LISTING],
  create: ['post', 'post', WRITING],
  deletecollection: ['delete', 'deletecollection', [...LISTING, ...DELETING.slice(1)]],
}

const ON_OBJECT: Readonly<Record<string, readonly [Method, action: string, Operation['queryParameters']]>> = {
  get: ['get', 'get', READING],
  update: ['put', 'put', WRITING],
  patch: ['patch', 'patch', PATCHING],
  delete: ['delete', 'delete', DELETING],
}

/** What can be asked of the objects of a kind, as the paths of an OpenAPI document tell it. */
export function operationsOf(kind: Kind): Operation[] {
  const { group, version, plural, namespaced } = kind.resource
  const root = `/${group === '' ? 'api' : 'apis'}/${groupVersionOf(group, version)}`
  const collection = namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`
  const inNamespace = namespaced ? ['namespace'] : []
  const verbs = verbsOf(kind)
  const list = (path: string, pathParameters: readonly string[], table: typeof ON_COLLECTION): Operation[] =>
    Object.entries(table)
      .filter(([verb]) => verbs.includes(verb))
      .map(([verb, [method, action, queryParameters]]) => ({
        path,
        method,
        action,
        kind,
        pathParameters,
        queryParameters,
        answersWithList: verb === 'list',
      }))
  const everywhere = { list: ['get', 'list', LISTING] } as const
  return [
    ...list(collection, inNamespace, ON_COLLECTION),
    ...list(`${collection}/{name}`, ['name', ...inNamespace], ON_OBJECT),
    ...(namespaced ? list(`${root}/${plural}`, [], everywhere) : []),
  ]
}
