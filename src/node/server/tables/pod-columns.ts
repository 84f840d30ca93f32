import { type PodSummary, summarizePod } from '../../../kube/api/printing/pod-summary.ts'
import type { Pod } from '../../../kube/api/pod.ts'
import type { Column } from '../kinds/kind.ts'
import { ageColumn, nameColumn } from './common-columns.ts'

const NONE = '<none>'

/** Source: podColumnDefinitions and printPod of pkg/printers/internalversion. */
export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  {
    name: 'Ready',
    description: 'The aggregate readiness state of this pod for accepting traffic.',
    cell: summaryCell('ready'),
  },
  {
    name: 'Status',
    description: 'The aggregate status of the containers in this pod.',
    cell: summaryCell('status'),
  },
  {
    name: 'Restarts',
    description:
      'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.',
    cell: summaryCell('restarts'),
  },
  ageColumn,
  {
    name: 'IP',
    priority: 1,
    description:
      'podIP address allocated to the pod. Routable at least within the cluster. Empty if not yet allocated.',
    cell: ({ status }) => orNone(status?.podIPs?.[0]?.ip),
  },
  {
    name: 'Node',
    priority: 1,
    description:
      'NodeName indicates in which node this pod is scheduled. If empty, this pod is a candidate for scheduling by the scheduler defined in schedulerName. Once this field is set, the kubelet for this node becomes responsible for the lifecycle of this pod. This field should not be used to express a desire for the pod to be scheduled on a specific node. https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename',
    cell: ({ spec }) => orNone(spec.nodeName),
  },
  {
    name: 'Nominated Node',
    priority: 1,
    description:
      'nominatedNodeName is set only when this pod preempts other pods on the node, but it cannot be scheduled right away as preemption victims receive their graceful termination periods. This field does not guarantee that the pod will be scheduled on this node. Scheduler may decide to place the pod elsewhere if other nodes become available sooner. Scheduler may also decide to give the resources on this node to a higher priority pod that is created after preemption. As a result, this field may be different than PodSpec.nodeName when the pod is scheduled.',
    cell: ({ status }) => orNone(status?.nominatedNodeName),
  },
  {
    name: 'Readiness Gates',
    priority: 1,
    description:
      'If specified, all readiness gates will be evaluated for pod readiness. A pod is ready when all its containers are ready AND all conditions specified in the readiness gates have status equal to "True" More info: https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates',
    cell: openGates,
  },
]

function summaryCell(part: keyof PodSummary): Column<Pod>['cell'] {
  return (pod, nowMs) => summarizePod(pod, nowMs)[part]
}

function openGates({ spec, status }: Pod): string {
  const gates = spec.readinessGates ?? []
  if (gates.length === 0) return NONE
  const open = gates.filter(
    ({ conditionType }) => status?.conditions?.find(({ type }) => type === conditionType)?.status === 'True',
  )
  return `${open.length}/${gates.length}`
}

function orNone(text: string | undefined): string {
  return text === undefined || text === '' ? NONE : text
}
