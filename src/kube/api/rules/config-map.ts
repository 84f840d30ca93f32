import { isDeepStrictEqual } from 'node:util'
import type { V1ConfigMap } from '@kubernetes/client-node'
import type { Draft, Finding } from './finding.ts'
import { forbidden, invalid, invalidFor, tooLong } from './finding.ts'
import { brokenByDataKey } from './names.ts'

/** The most that a ConfigMap or a Secret holds, keys not counted. */
export const DATA_LIMIT_BYTES = 1024 * 1024

const FIXED = 'field is immutable when `immutable` is set'

/** Source: ValidateConfigMap of pkg/apis/core/validation. */
export function checkConfigMap({ data = {}, binaryData = {} }: Draft<V1ConfigMap>): Finding[] {
  const sizeBytes =
    Object.values(data).reduce((sum, value = '') => sum + Buffer.byteLength(value), 0) +
    Object.values(binaryData).reduce((sum, value = '') => sum + Buffer.byteLength(value, 'base64'), 0)
  return [
    ...Object.keys(data).flatMap((key) => [
      ...invalidFor(`data[${key}]`, key, brokenByDataKey(key)),
      ...(binaryData[key] === undefined
        ? []
        : [invalid(`data[${key}]`, key, 'duplicate of key present in binaryData')]),
    ]),
    ...Object.keys(binaryData).flatMap((key) => invalidFor(`binaryData[${key}]`, key, brokenByDataKey(key))),
    // The object as a whole: this is how Kubernetes writes that path.
    ...(sizeBytes > DATA_LIMIT_BYTES ? [tooLong('[]', DATA_LIMIT_BYTES)] : []),
  ]
}

export function checkConfigMapUpdate(next: Draft<V1ConfigMap>, current: Draft<V1ConfigMap>): Finding[] {
  return checkFixed(next, current, ['data', 'binaryData'])
}

interface MayBeFixed {
  readonly immutable?: boolean | undefined
  readonly data?: unknown
  readonly binaryData?: unknown
}

/** What is immutable stays so, and keeps its data. */
export function checkFixed(
  next: MayBeFixed,
  current: MayBeFixed,
  fields: readonly ('data' | 'binaryData')[],
): Finding[] {
  if (current.immutable !== true) return []
  return [
    ...(next.immutable === true ? [] : [forbidden('immutable', FIXED)]),
    ...fields.filter((field) => !isSame(next[field], current[field])).map((field) => forbidden(field, FIXED)),
  ]
}

function isSame(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(one ?? {}, other ?? {})
}
