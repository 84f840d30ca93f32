import type { V1DownwardAPIVolumeFile } from '@kubernetes/client-node'
import { Failure } from '../../../failure.ts'
import { everyContainer, type Json, type Pod } from '../../../kube/api/pod.ts'
import { downwardField } from '../downward-field.ts'
import { type Allocatable, resourceField } from '../environment/resource-field.ts'

/** Fields that the node knows are for environments alone: files can have those of the metadata. */
const NO_NODE = { nodeName: '', podIPs: [], hostIPs: [] }

/** What a file of the downward API holds. @throws Failure FailedMount */
export function downwardFile(
  pod: Pod,
  { fieldRef, resourceFieldRef }: Json<V1DownwardAPIVolumeFile>,
  allocatable: Allocatable,
): string {
  if (resourceFieldRef !== undefined) {
    const name = resourceFieldRef.containerName ?? ''
    const container = everyContainer(pod).find((each) => each.name === name)
    if (container === undefined) throw new Failure('FailedMount', `container ${name} not found`)
    return resourceField(pod, container, { ref: resourceFieldRef, allocatable })
  }
  const path = fieldRef?.fieldPath ?? ''
  if (path === 'metadata.labels' || path === 'metadata.annotations') {
    return listed(pod.metadata[path === 'metadata.labels' ? 'labels' : 'annotations'] ?? {})
  }
  const value = downwardField(pod, path, NO_NODE)
  if (value !== undefined) return value
  throw new Failure('FailedMount', `a pod has no field "${path}" to give to a file`)
}

/** One `key="value"` a line, by key, the values as Go quotes them. Source: pkg/fieldpath. */
function listed(entries: Readonly<Record<string, string>>): string {
  return Object.entries(entries)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, value]) => `${key}=${quoted(value)}`)
    .join('\n')
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

/** What cannot be printed goes by its number. */
function quoted(text: string): string {
  const escaped = text.replace(/["\\]|(?! )[\p{C}\p{Z}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0
    const known = ESCAPES[character]
    if (known !== undefined) return known
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`
  })
  return `"${escaped}"`
}
