import { decideResize } from '../../kube/lifecycle/decide-resize.ts'
import type { NodeClaim } from '../../kube/lifecycle/node-fit.ts'
import { resizeMessage } from '../../kube/lifecycle/resize-message.ts'
import type { PodWorld } from './pod-world.ts'

/**
 * Promises the pod the amounts that its manifest asks for by now, or notes why the node cannot: then this is asked again
 * whenever another pod has changed (Q6).
 */
export function allocateResize(world: PodWorld, others: () => Iterable<NodeClaim>): void {
  const { pod, observations, parts } = world
  const { allocated, resizePending, resizing, rejected } = observations.seen
  const { generation = 1, deletionTimestamp } = pod.metadata
  // Only what was changed since it was made may ask for something else. A resize that is being carried out comes first.
  if (generation === 1 || allocated === undefined || resizing?.step === 'under-way') return
  const isOver = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
  if (isOver || deletionTimestamp !== undefined || rejected !== undefined) return
  const decision = decideResize(pod, allocated, { node: parts.node, claims: others })
  switch (decision.is) {
    case 'in-force':
      if (resizePending !== undefined) observations.setResize({ pending: undefined, resizing })
      return
    case 'promised':
      observations.setResize({
        allocated: decision.allocation,
        pending: undefined,
        resizing: { generation, step: 'due' },
      })
      world.event('Normal', 'ResizeStarted', resizeMessage('started', pod, { generation }))
      return
    case 'pending': {
      const { reason, message } = decision
      const isKnown = resizePending?.reason === reason && resizePending.message === message
      if (isKnown && resizePending.generation === generation) return
      observations.setResize({ pending: { reason, message, generation }, resizing })
      world.event('Warning', `Resize${reason}`, resizeMessage(reason, pod, { generation, error: message }))
    }
  }
}
