import { NODE_METRICS, type NodeMetrics, NODES } from '../../store/resources.ts'
import { measuredKind, measuredPart, usageColumns, usageQuantities } from './measured-kind.ts'
import type { Kind } from './kind.ts'

/** `kubectl top nodes` */
export const nodeMetricsKind: Kind<NodeMetrics> = measuredKind(
  NODE_METRICS,
  {
    of: NODES,
    plural: 'nodemetrics',
    async measure(usage, nodes, { nodeName, clock }) {
      const own = nodes.filter(({ metadata }) => metadata.name === nodeName)
      if (own.length === 0) return []
      const used = await usage.machine()
      return own.map((node) => ({
        kind: NODE_METRICS.kind,
        apiVersion: 'metrics.k8s.io/v1beta1',
        ...measuredPart(node, used, clock.nowMs()),
        usage: usageQuantities(used),
      }))
    },
  },
  usageColumns(({ usage }) => usage),
)
