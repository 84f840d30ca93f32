import { type DiscoveredGroup, groupVersionOf } from '../discovered-groups.ts'
import { reachableTypes } from './component-names.ts'
import { componentSchema, SCALAR_COMPONENTS } from './component-schema.ts'
import { kindMark, type SchemaSource, typesOf } from './openapi-v3.ts'
import { type Operation, operationsOf } from './operations.ts'

/** The older form of the schema, one document for all groups, for clients that know no other. */
export function openapiV2(groups: readonly DiscoveredGroup[], { docs, names }: SchemaSource): unknown {
  const versions = groups.flatMap((group) => group.versions)
  const kinds = versions.flatMap((version) => version.kinds)
  const refer = (name: string): object => ({ $ref: `#/definitions/${name}` })
  const definitions = new Map<string, object>(Object.entries(SCALAR_COMPONENTS))
  for (const version of versions) {
    const nameOf = (typeName: string): string => names.nameOf(typeName, version.groupVersion)
    for (const typeName of reachableTypes(['V1Status', 'V1DeleteOptions', ...version.kinds.flatMap(typesOf)])) {
      // Groups share most of what their kinds hold.
      if (definitions.has(nameOf(typeName))) continue
      const schema = componentSchema(typeName, { docs, nameOf, refer })
      definitions.set(nameOf(typeName), { ...schema, ...kindMark(typeName, kinds) })
    }
  }
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths: pathsOf(kinds.flatMap(operationsOf)),
    definitions: Object.fromEntries(definitions),
  }
}

function pathsOf(operations: readonly Operation[]): object {
  const byPath = Map.groupBy(operations, ({ path }) => path)
  return Object.fromEntries(
    Array.from(byPath, ([path, ofPath]) => [
      path,
      Object.fromEntries(ofPath.map((operation) => [operation.method, describeOperation(operation)])),
    ]),
  )
}

function describeOperation({ kind, action, pathParameters, queryParameters }: Operation): object {
  const { group, version, kind: name, plural } = kind.resource
  return {
    description: `${action} ${plural} of ${groupVersionOf(group, version)}`,
    parameters: [
      ...pathParameters.map((each) => ({ name: each, in: 'path', required: true, type: 'string' })),
      ...queryParameters.map(([each, type]) => ({ name: each, in: 'query', type })),
    ],
    responses: { 200: { description: 'OK' } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, version, kind: name },
  }
}
