import { Failure } from '../../failure.ts'
import type { KubeObject } from '../store/store.ts'
import type { ApiRequest } from './api-request.ts'

/**
 * The object of a body, with its kind, version, namespace and (of an update) name checked against the URL; what the URL
 * says and the object does not is filled in.
 *
 * @throws Failure BadRequest
 */
export function receivedObject(value: Record<string, unknown>, request: ApiRequest, name?: string): KubeObject {
  const { group, version, kind, namespaced } = request.kind.resource
  const expected = group === '' ? version : `${group}/${version}`
  const { apiVersion = expected, kind: given = kind } = value
  if (given !== kind) {
    const meant = String(given)
    throw new Failure(
      'BadRequest',
      `${meant} in version ${JSON.stringify(apiVersion)} cannot be handled as a ${kind}: converting (${version}.${meant}) to (core.${kind}): unknown conversion`,
    )
  }
  if (apiVersion !== expected) {
    throw new Failure(
      'BadRequest',
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${expected})`,
    )
  }
  const metadata = metadataOf(value)
  const namespace = checkNamespace(metadata['namespace'], namespaced ? request.namespace : undefined)
  const { name: inObject } = metadata
  if (name !== undefined && inObject !== undefined && inObject !== name) {
    throw new Failure(
      'BadRequest',
      `the name of the object (${typeof inObject === 'string' ? inObject : JSON.stringify(inObject)}) does not match the name on the URL (${name})`,
    )
  }
  return {
    ...value,
    apiVersion: expected,
    kind,
    metadata: {
      ...metadata,
      ...(namespace === undefined ? {} : { namespace }),
      ...(name === undefined ? {} : { name }),
    },
  }
}

/** What is no object here is found wrong when the whole is checked. */
function metadataOf(value: Record<string, unknown>): Record<string, unknown> {
  const { metadata } = value
  if (metadata === undefined || metadata === null) return {}
  if (typeof metadata === 'object' && !Array.isArray(metadata)) return metadata as Record<string, unknown>
  throw new Failure('BadRequest', `metadata: must be an object; got ${JSON.stringify(metadata)}`)
}

function checkNamespace(inObject: unknown, inPath: string | undefined): string | undefined {
  if (inObject === undefined || inObject === '' || inObject === inPath) return inPath
  throw new Failure(
    'BadRequest',
    'the namespace of the provided object does not match the namespace sent on the request',
  )
}
