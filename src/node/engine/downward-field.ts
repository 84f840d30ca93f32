import type { Pod } from '../../kube/api/pod.ts'

/** What the node knows of a pod and the Pod object may not say yet. */
export interface NodeFields {
  readonly nodeName: string
  readonly podIPs: readonly string[]
  readonly hostIPs: readonly string[]
}

const BY_KEY = /^metadata\.(labels|annotations)\['([^']*)'\]$/

/**
 * The value of a `fieldRef` in a container's environment (E2).
 *
 * @returns '' for a label or annotation that is not set; undefined for a path that is no such field.
 */
export function downwardField(pod: Pod, fieldPath: string, node: NodeFields): string | undefined {
  const [, map, key] = BY_KEY.exec(fieldPath) ?? []
  if (key !== undefined) return pod.metadata[map === 'labels' ? 'labels' : 'annotations']?.[key] ?? ''
  switch (fieldPath) {
    case 'metadata.name':
      return pod.metadata.name
    case 'metadata.namespace':
      return pod.metadata.namespace
    case 'metadata.uid':
      return pod.metadata.uid
    case 'spec.nodeName':
      return node.nodeName
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? 'default'
    case 'status.hostIP':
      return node.hostIPs[0] ?? ''
    case 'status.hostIPs':
      return node.hostIPs.join(',')
    case 'status.podIP':
      return node.podIPs[0] ?? ''
    case 'status.podIPs':
      return node.podIPs.join(',')
    default:
      return undefined
  }
}
