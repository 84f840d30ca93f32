import type { Docs } from '../../../../kube/api/docs.ts'
import { fieldsOf, KINDS } from '../../../../kube/api/schema.ts'
import type { Kind } from '../../kinds/kind.ts'
import type { DiscoveredVersion } from '../discovered-groups.ts'
import { type ComponentNames, reachableTypes } from './component-names.ts'
import { componentSchema, SCALAR_COMPONENTS } from './component-schema.ts'
import { type Operation, operationsOf } from './operations.ts'

export interface SchemaSource {
  readonly docs: Docs
  readonly names: ComponentNames
}

const STATUS = 'V1Status'

/** The OpenAPI v3 document of a group's version: its paths, and the types of what is sent and received there. */
export function openapiV3(version: DiscoveredVersion, source: SchemaSource): unknown {
  const { groupVersion, kinds } = version
  const refer = (name: string): object => ({ $ref: `#/components/schemas/${name}` })
  const nameOf = (typeName: string): string => source.names.nameOf(typeName, groupVersion)
  // A field that is a reference has a description beside it: that takes an allOf.
  const style = { docs: source.docs, nameOf, refer: (name: string) => ({ allOf: [refer(name)], default: {} }) }
  const typeNames = reachableTypes([STATUS, 'V1DeleteOptions', ...kinds.flatMap(typesOf)])
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths: pathsOf(kinds.flatMap(operationsOf), (typeName) => refer(nameOf(typeName))),
    components: {
      schemas: {
        ...SCALAR_COMPONENTS,
        ...Object.fromEntries(
          Array.from(typeNames, (typeName) => [
            nameOf(typeName),
            { ...componentSchema(typeName, style), ...kindMark(typeName, kinds) },
          ]),
        ),
      },
    },
  }
}

/** The type of a kind and of its list, as far as there are any. */
export function typesOf(kind: Kind): string[] {
  const type = typeOf(kind)
  return type === undefined ? [] : [type, `${type}List`].filter((name) => fieldsOf(name) !== undefined)
}

/** Which kind a type is, if it is one. */
export function kindMark(typeName: string, kinds: readonly Kind[]): object {
  const kind = kinds.find((each) => typesOf(each).includes(typeName))
  if (kind === undefined) return {}
  const { group, version, kind: name } = kind.resource
  const isList = typeOf(kind) !== typeName
  return { 'x-kubernetes-group-version-kind': [{ group, version, kind: isList ? `${name}List` : name }] }
}

function typeOf({ resource: { group, version, kind } }: Kind): string | undefined {
  return KINDS[group === '' ? version : `${group}/${version}`]?.[kind]
}

function pathsOf(operations: readonly Operation[], refer: (typeName: string) => object): object {
  const byPath = Map.groupBy(operations, ({ path }) => path)
  return Object.fromEntries(
    Array.from(byPath, ([path, ofPath]) => [
      path,
      Object.fromEntries(ofPath.map((operation) => [operation.method, describeOperation(operation, refer)])),
    ]),
  )
}

function describeOperation(operation: Operation, refer: (typeName: string) => object): object {
  const { kind, action, method, pathParameters, queryParameters, answersWithList } = operation
  const { group, version, kind: name, plural } = kind.resource
  const type = typeOf(kind)
  // Of what is measured there are no types.
  const object = type === undefined ? { type: 'object' } : refer(answersWithList ? `${type}List` : type)
  const answer = method === 'delete' ? refer(STATUS) : object
  const sent = action === 'patch' ? { type: 'object' } : method === 'delete' ? refer('V1DeleteOptions') : object
  return {
    description: `${action} ${plural}`,
    parameters: [
      ...pathParameters.map((each) => ({ name: each, in: 'path', required: true, schema: { type: 'string' } })),
      ...queryParameters.map(([each, valueType]) => ({ name: each, in: 'query', schema: { type: valueType } })),
    ],
    ...(method === 'get' ? {} : { requestBody: { content: { '*/*': { schema: sent } } } }),
    responses: { 200: { description: 'OK', content: { 'application/json': { schema: answer } } } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, version, kind: name },
  }
}
