import { rfc3339 } from './rfc3339.ts'
import type { Pod, PodCondition } from './pod.ts'

/** What a scheduler finds: the pod has a node now (`True`), or why it has none yet. */
export type SchedulingVerdict = Pick<PodCondition, 'status' | 'reason' | 'message'>

/** The pod with a node: it is that node's from now on. */
export function assignedPod(pod: Pod, nodeName: string, nowMs: number): Pod {
  const told = withScheduled(pod, { status: 'True' }, nowMs)
  return { ...told, spec: { ...told.spec, nodeName } }
}

/** The pod with this verdict as its condition PodScheduled (C3). */
export function withScheduled(pod: Pod, verdict: SchedulingVerdict, nowMs: number): Pod {
  const { generation } = pod.metadata
  const conditions = pod.status?.conditions ?? []
  const last = conditions.find(({ type }) => type === 'PodScheduled')
  const now = rfc3339(nowMs)
  const scheduled: PodCondition = {
    type: 'PodScheduled',
    ...(generation !== undefined && { observedGeneration: generation }),
    ...verdict,
    lastTransitionTime: last?.status === verdict.status ? (last.lastTransitionTime ?? now) : now,
  }
  const others = conditions.filter(({ type }) => type !== 'PodScheduled')
  return { ...pod, status: { ...pod.status, conditions: [...others, scheduled] } }
}
