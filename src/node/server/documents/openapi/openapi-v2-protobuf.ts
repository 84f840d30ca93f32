import type { DiscoveredGroup } from '../discovered-groups.ts'
import { type Operation, operationsOf } from './operations.ts'

export const OPENAPI_V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

/**
 * The paths of the older schema in the form that kubectl 1.27 and 1.28 ask for and take no other: they look up there
 * whether the server checks fields, and without an answer they apply nothing. Types are not in it; for the kinds that
 * there are kubectl has its own. Field numbers: OpenAPIv2.proto of gnostic.
 */
export function openapiV2Protobuf(groups: readonly DiscoveredGroup[]): Uint8Array {
  const kinds = groups.flatMap(({ versions }) => versions.flatMap((version) => version.kinds))
  const byPath = Map.groupBy(kinds.flatMap(operationsOf), ({ path }) => path)
  const paths = Array.from(byPath, ([path, operations]) =>
    // NamedPathItem
    field(2, [text(1, path), field(2, operations.map(encodeOperation))]),
  )
  return Buffer.concat([text(1, '2.0'), field(2, [text(1, 'Kubernetes'), text(2, 'unversioned')]), field(8, paths)])
}

/** Which field of a PathItem an operation is. */
const METHOD_FIELDS = { get: 2, put: 3, post: 4, delete: 5, patch: 8 } as const
const PARAMETERS = 8
const VENDOR_EXTENSIONS = 13

function encodeOperation({ method, kind, action, queryParameters }: Operation): Buffer {
  const { group, version, kind: name } = kind.resource
  return field(METHOD_FIELDS[method], [
    ...queryParameters.map(([parameter, type]) =>
      // ParametersItem > Parameter > NonBodyParameter > QueryParameterSubSchema
      field(PARAMETERS, [field(1, [field(2, [field(3, [text(2, 'query'), text(4, parameter), text(6, type)])])])]),
    ),
    extension('x-kubernetes-action', action),
    extension('x-kubernetes-group-version-kind', { group, version, kind: name }),
  ])
}

/** NamedAny > Any with YAML: JSON is YAML too. */
function extension(name: string, value: unknown): Buffer {
  return field(VENDOR_EXTENSIONS, [text(1, name), field(2, [text(2, `${JSON.stringify(value)}\n`)])])
}

function text(number: number, value: string): Buffer {
  return field(number, [Buffer.from(value)])
}

/** A field of protobuf's wire type 2: its length, then what is in it. */
function field(number: number, parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([varint((number << 3) | 2), varint(content.length), content])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest])
    bytes.push((rest & 0x7f) | 0x80)
  }
}
