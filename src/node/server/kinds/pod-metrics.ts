import { quantityToBytes } from '../../../kube/api/quantity.ts'
import { POD_METRICS, type PodMetrics, PODS } from '../../store/resources.ts'
import { measuredKind, measuredPart, usageColumns, usageQuantities } from './measured-kind.ts'
import type { Kind } from './kind.ts'

/** `kubectl top pods` */
export const podMetricsKind: Kind<PodMetrics> = measuredKind(
  POD_METRICS,
  {
    of: PODS,
    plural: 'podmetrics',
    async measure(usage, pods, { clock }) {
      const used = await usage.pods(pods.map(({ metadata }) => metadata.uid ?? ''))
      return pods.flatMap((pod) => {
        const ofPod = used.get(pod.metadata.uid ?? '')
        if (ofPod === undefined) return []
        return [
          {
            kind: POD_METRICS.kind,
            apiVersion: 'metrics.k8s.io/v1beta1',
            ...measuredPart(pod, ofPod, clock.nowMs()),
            containers: ofPod.containers.map(({ name, ...own }) => ({ name, usage: usageQuantities(own) })),
          },
        ]
      })
    },
  },
  usageColumns(({ containers }) =>
    usageQuantities({
      cpuNanocores: containers.reduce((sum, { usage }) => sum + Number.parseInt(usage.cpu), 0),
      memoryBytes: containers.reduce((sum, { usage }) => sum + quantityToBytes(usage.memory), 0),
    }),
  ),
)
