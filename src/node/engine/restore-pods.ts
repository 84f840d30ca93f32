import { readdir } from 'node:fs/promises'
import { rfc3339 } from '../../kube/api/rfc3339.ts'
import { NAMESPACES, PODS } from '../store/resources.ts'
import type { Store } from '../store/store.ts'
import type { EngineParts } from './engine-parts.ts'
import { podPaths, podsFolder } from './pod-paths.ts'
import { readPodCopy } from './pod-record.ts'

/**
 * A store that holds nothing, not even a deletion, beside pods on the machine has taken the place of one that was lost:
 * the pods are put into it as they were last wanted, so that they go on.
 */
export async function restorePods(parts: EngineParts): Promise<void> {
  const { store, instanceDirectory, log } = parts
  if (store.resourceVersion !== '0') return
  for (const uid of await readdir(podsFolder(instanceDirectory)).catch(() => [])) {
    const pod = readPodCopy(podPaths(instanceDirectory, uid))
    if (pod === undefined) continue
    await ensureNamespace(store, pod.metadata.namespace, parts.clock.nowMs())
    await store.create(PODS, pod)
    log(`the state was empty: pod ${pod.metadata.namespace}/${pod.metadata.name} was found on the machine and goes on`)
  }
}

async function ensureNamespace(store: Store, name: string, nowMs: number): Promise<void> {
  if (store.get(NAMESPACES, { name }) !== undefined) return
  await store.create(NAMESPACES, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name,
      uid: crypto.randomUUID(),
      creationTimestamp: rfc3339(nowMs),
      labels: { 'kubernetes.io/metadata.name': name },
    },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  })
}
