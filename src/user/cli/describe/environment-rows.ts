import type { Container, Pod } from '../../../kube/api/pod.ts'
import { parseQuantity } from '../../../kube/api/quantity.ts'
import { byName, row, type Rows } from './rows.ts'

/** The environment of a container; of values from elsewhere, where they come from. */
export function environmentRows(container: Container, pod: Pod): Rows {
  const { env = [], envFrom = [] } = container
  return [
    ...(envFrom.length === 0 ? [] : [row(2, 'Environment Variables from:'), ...envFrom.map(sourceRow)]),
    env.length === 0 ? row(2, 'Environment:', '<none>') : row(2, 'Environment:'),
    ...env.flatMap((variable) => variableRows(variable, container, pod)),
  ]
}

type Source = NonNullable<Container['envFrom']>[number]
type Variable = NonNullable<Container['env']>[number]

function sourceRow({ configMapRef, secretRef, prefix = '' }: Source): string {
  const from = configMapRef === undefined ? (secretRef === undefined ? '' : 'Secret') : 'ConfigMap'
  const { name = '', optional = false } = configMapRef ?? secretRef ?? {}
  return row(3, name, `${from}${prefix === '' ? '' : ` with prefix '${prefix}'`}`, `Optional: ${optional}`)
}

function variableRows({ name, value = '', valueFrom }: Variable, container: Container, pod: Pod): Rows {
  const title = `${name}:`
  if (valueFrom === undefined) {
    return value.split('\n').map((line, index) => row(3, index === 0 ? title : '', line))
  }
  const { fieldRef, resourceFieldRef, secretKeyRef, configMapKeyRef } = valueFrom
  if (fieldRef !== undefined) {
    const { apiVersion = 'v1', fieldPath } = fieldRef
    return [row(3, title, `${fieldText(fieldPath, pod)} (${apiVersion}:${fieldPath})`)]
  }
  if (resourceFieldRef !== undefined) {
    return [row(3, title, `${resourceText(resourceFieldRef, container)} (${resourceFieldRef.resource})`)]
  }
  const key = secretKeyRef ?? configMapKeyRef
  if (key === undefined) return []
  const place = secretKeyRef === undefined ? 'of config map' : 'in secret'
  return [
    row(3, title, `<set to the key '${key.key}' ${place} '${key.name ?? ''}'>`, `Optional: ${key.optional ?? false}`),
  ]
}

/** Only what the metadata says: what the status says is left to the container itself. */
function fieldText(path: string, { metadata }: Pod): string {
  const [, list, key = ''] = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path) ?? []
  if (list === 'labels' || list === 'annotations') return metadata[list]?.[key] ?? ''
  if (path === 'metadata.labels' || path === 'metadata.annotations') {
    const map = Object.entries(metadata[path === 'metadata.labels' ? 'labels' : 'annotations'] ?? {})
    return map
      .toSorted(byName(([name]) => name))
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join('\n')
  }
  const simple: Readonly<Record<string, string>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
  }
  return simple[path] ?? ''
}

type ResourceRef = NonNullable<NonNullable<Variable['valueFrom']>['resourceFieldRef']>

function resourceText({ resource, divisor }: ResourceRef, { resources }: Container): string {
  const [list, ...name] = resource.split('.')
  const quantities = list === 'limits' ? resources?.limits : resources?.requests
  const given = quantities?.[name.join('.')]
  const number = given === undefined ? 0 : Math.ceil(amountOf(given) / (amountOf(divisor ?? '1') || amountOf('1')))
  const isNodes = number === 0 && (resource === 'limits.cpu' || resource === 'limits.memory')
  return isNodes ? 'node allocatable' : String(number)
}

/** Billionths. */
function amountOf(quantity: string): number {
  return Number(parseQuantity(quantity)?.nanos ?? 0n)
}
