import type { V1Secret } from '@kubernetes/client-node'
import { checkFixed, DATA_LIMIT_BYTES } from './config-map.ts'
import type { Draft, Finding } from './finding.ts'
import { invalid, invalidFor, isEmpty, required, tooLong } from './finding.ts'
import { brokenByDataKey } from './names.ts'

const ACCOUNT_ANNOTATION = 'kubernetes.io/service-account.name'
const REDACTED = '<secret contents redacted>'

type Data = Readonly<Record<string, string | undefined>>

/** What the data of a type must hold. Source: ValidateSecret of pkg/apis/core/validation. */
const DATA_OF_TYPE: Readonly<Record<string, (data: Data) => Finding[]>> = {
  'kubernetes.io/dockercfg': (data) => checkJson(data, '.dockercfg'),
  'kubernetes.io/dockerconfigjson': (data) => checkJson(data, '.dockerconfigjson'),
  'kubernetes.io/basic-auth': (data) =>
    data['username'] === undefined && data['password'] === undefined
      ? [required('data[username]'), required('data[password]')]
      : [],
  'kubernetes.io/ssh-auth': (data) => (isEmpty(data['ssh-privatekey']) ? [required('data[ssh-privatekey]')] : []),
  'kubernetes.io/tls': (data) =>
    ['tls.crt', 'tls.key'].filter((key) => data[key] === undefined).map((key) => required(`data[${key}]`)),
}

/** A Secret whose stringData is already part of its data. */
export function checkSecret({ metadata, type = '', data = {} }: Draft<V1Secret>): Finding[] {
  const sizeBytes = Object.values(data).reduce((sum, value = '') => sum + Buffer.byteLength(value, 'base64'), 0)
  return [
    ...Object.keys(data).flatMap((key) => invalidFor(`data[${key}]`, key, brokenByDataKey(key))),
    ...(sizeBytes > DATA_LIMIT_BYTES ? [tooLong('data', DATA_LIMIT_BYTES)] : []),
    ...(type === 'kubernetes.io/service-account-token' && isEmpty(metadata?.annotations?.[ACCOUNT_ANNOTATION])
      ? [required(`metadata.annotations[${ACCOUNT_ANNOTATION}]`)]
      : []),
    ...(DATA_OF_TYPE[type]?.(data) ?? []),
  ]
}

export function checkSecretUpdate(next: Draft<V1Secret>, current: Draft<V1Secret>): Finding[] {
  return [
    ...(next.type === current.type ? [] : [invalid('type', next.type, 'field is immutable')]),
    ...checkFixed(next, current, ['data']),
  ]
}

function checkJson(data: Data, key: string): Finding[] {
  const value = data[key]
  if (value === undefined) return [required(`data[${key}]`)]
  // What is wrong with the text would tell of the text: it is a secret.
  return isJsonObject(Buffer.from(value, 'base64').toString())
    ? []
    : [invalid(`data[${key}]`, REDACTED, 'must be a JSON object')]
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && !Array.isArray(value)
  } catch {
    // No JSON: that is the answer.
    return false
  }
}
