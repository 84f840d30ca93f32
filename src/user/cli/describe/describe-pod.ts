import { humanDuration } from '../../../kube/api/printing/human-duration.ts'
import type { Pod, PodSpec } from '../../../kube/api/pod.ts'
import { qosClass } from '../../../kube/api/qos-class.ts'
import type { PodEvent } from '../../client/resource-type.ts'
import { byTime, eventInterval } from '../objects/event-interval.ts'
import { alignTabs } from './align-tabs.ts'
import { containerRows } from './container-rows.ts'
import { byName, instantText, listed, row, type Rows } from './rows.ts'
import { volumeRows } from './volume-rows.ts'

/**
 * All there is to know of a pod, in the words of `kubectl describe pod`.
 *
 * @param events undefined: without that section.
 */
export function describePod(pod: Pod, events: readonly PodEvent[] | undefined, nowMs: number): string {
  const text = [
    ...headRows(pod, nowMs),
    ...containersOf(pod),
    ...gateRows(pod),
    ...conditionRows(pod),
    ...volumeRows(pod.spec.volumes ?? []),
    row(0, 'QoS Class:', pod.status?.qosClass ?? qosClass(pod)),
    ...listed('Node-Selectors', pairs(pod.spec.nodeSelector, '=')),
    ...listed('Tolerations', (pod.spec.tolerations ?? []).map(tolerationText)),
    ...spreadRows(pod.spec),
  ]
  // Events are a table of their own: their columns do not depend on what is above.
  return `${alignTabs(text.join('\n'))}\n${events === undefined ? '' : `${alignTabs(eventRows(events, nowMs).join('\n'))}\n`}`
}

function headRows(pod: Pod, nowMs: number): Rows {
  const { metadata, spec, status = {} } = pod
  const optional = (title: string, value: string | number | undefined | null): Rows =>
    value === undefined || value === null || value === '' ? [] : [row(0, `${title}:`, value)]
  const seccomp = spec.securityContext?.seccompProfile
  return [
    row(0, 'Name:', metadata.name),
    row(0, 'Namespace:', metadata.namespace),
    ...optional('Priority', spec.priority),
    ...optional('Priority Class Name', spec.priorityClassName),
    ...optional('Runtime Class Name', spec.runtimeClassName),
    ...optional('Service Account', spec.serviceAccountName),
    row(0, 'Node:', spec.nodeName ? `${spec.nodeName}/${status.hostIP ?? ''}` : '<none>'),
    ...(status.startTime ? [row(0, 'Start Time:', instantText(status.startTime))] : []),
    ...listed('Labels', pairs(metadata.labels, '=')),
    ...annotationRows(metadata.annotations),
    ...phaseRows(pod, nowMs),
    ...optional('Reason', status.reason),
    ...optional('Message', status.message),
    ...optional('SeccompProfile', seccomp?.type),
    ...optional('LocalhostProfile', seccomp?.type === 'Localhost' ? seccomp.localhostProfile : undefined),
    row(0, 'IP:', status.podIP ?? ''),
    ...addressRows(pod),
    ...controllerRows(pod),
    ...optional('NominatedNodeName', status.nominatedNodeName),
  ]
}

function phaseRows({ metadata, status }: Pod, nowMs: number): Rows {
  const isOver = status?.phase === 'Failed' || status?.phase === 'Succeeded'
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = metadata
  if (deletionTimestamp === undefined || isOver) return [row(0, 'Status:', status?.phase ?? '')]
  return [
    row(0, 'Status:', `Terminating (lasts ${humanDuration(nowMs - Date.parse(deletionTimestamp))})`),
    row(0, 'Termination Grace Period:', `${deletionGracePeriodSeconds}s`),
  ]
}

function addressRows({ status }: Pod): Rows {
  const addresses = status?.podIPs ?? []
  if (addresses.length === 0) return [row(0, 'IPs:', '<none>')]
  return [row(0, 'IPs:'), ...addresses.map(({ ip }) => row(1, 'IP:', ip))]
}

function controllerRows({ metadata }: Pod): Rows {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
  return owner === undefined ? [] : [row(0, 'Controlled By:', `${owner.kind}/${owner.name}`)]
}

function containersOf(pod: Pod): Rows {
  const { initContainers = [], containers, ephemeralContainers = [] } = pod.spec
  const section = (title: string, all: PodSpec['containers'], statuses: Parameters<typeof containerRows>[1]): Rows => [
    row(0, `${title}:`),
    ...all.flatMap((container) => containerRows(container, statuses, pod)),
  ]
  return [
    ...(initContainers.length === 0
      ? []
      : section('Init Containers', initContainers, pod.status?.initContainerStatuses)),
    ...section('Containers', containers, pod.status?.containerStatuses),
    ...(ephemeralContainers.length === 0
      ? []
      : section('Ephemeral Containers', ephemeralContainers, pod.status?.ephemeralContainerStatuses)),
  ]
}

function gateRows({ spec, status }: Pod): Rows {
  const gates = spec.readinessGates ?? []
  if (gates.length === 0) return []
  const statusOf = (type: string): string =>
    status?.conditions?.find((condition) => condition.type === type)?.status ?? '<none>'
  return [
    row(0, 'Readiness Gates:'),
    row(1, 'Type', 'Status'),
    ...gates.map(({ conditionType }) => row(1, `${conditionType} `, `${statusOf(conditionType)} `)),
  ]
}

function conditionRows({ status }: Pod): Rows {
  const conditions = status?.conditions ?? []
  if (conditions.length === 0) return []
  return [
    row(0, 'Conditions:'),
    row(1, 'Type', 'Status'),
    ...conditions.map((condition) => row(1, `${condition.type} `, `${condition.status} `)),
  ]
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
const LONGEST = 140

/** Long values stand below their key, and are cut. */
function annotationRows(annotations: Readonly<Record<string, string>> | undefined): Rows {
  const shown = Object.entries(annotations ?? {}).filter(([key]) => key !== LAST_APPLIED)
  const values = shown.toSorted(byName(([key]) => key)).flatMap(([key, value]) => {
    const text = value.replace(/\n$/, '')
    if (text.length + key.length + 2 < LONGEST && !text.includes('\n')) return [`${key}: ${text}`]
    const cut = (line: string): string => (line.length > LONGEST - 2 ? `${line.slice(0, LONGEST - 2)}...` : line)
    return [`${key}:`, ...text.split('\n').map((line) => `  ${cut(line)}`)]
  })
  return listed('Annotations', values)
}

function pairs(values: Readonly<Record<string, string>> | undefined, sign: string): Rows {
  const entries = Object.entries(values ?? {}).toSorted(byName(([key]) => key))
  return entries.map(([key, value]) => `${key}${sign}${value}`)
}

type Toleration = NonNullable<PodSpec['tolerations']>[number]

function tolerationText({ key = '', value = '', effect = '', operator, tolerationSeconds }: Toleration): string {
  const what = `${key}${value === '' ? '' : `=${value}`}${effect === '' ? '' : `:${effect}`}`
  const exists = operator === 'Exists' && value === '' ? 'op=Exists' : ''
  const words = [what, exists, tolerationSeconds === undefined ? '' : `for ${tolerationSeconds}s`]
  return words.filter((word) => word !== '').join(' ')
}

function spreadRows({ topologySpreadConstraints = [] }: PodSpec): Rows {
  if (topologySpreadConstraints.length === 0) return []
  const texts = topologySpreadConstraints
    .toSorted(byName(({ topologyKey }) => topologyKey))
    .map(({ topologyKey, whenUnsatisfiable, maxSkew, labelSelector }) => {
      const selector = labelSelector === undefined ? '' : ` for selector ${selectorText(labelSelector)}`
      return `${topologyKey}:${whenUnsatisfiable} when max skew ${maxSkew} is exceeded${selector}`
    })
  return listed('Topology Spread Constraints', texts)
}

type Selector = NonNullable<NonNullable<PodSpec['topologySpreadConstraints']>[number]['labelSelector']>

function selectorText({ matchLabels, matchExpressions = [] }: Selector): string {
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key
    if (operator === 'DoesNotExist') return `!${key}`
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.toSorted().join(',')})`
  })
  return [...pairs(matchLabels, '='), ...expressions].join(',') || '<none>'
}

function eventRows(events: readonly PodEvent[], nowMs: number): Rows {
  if (events.length === 0) return [row(0, 'Events:', '<none>')]
  return [
    row(0, 'Events:'),
    row(1, 'Type', 'Reason', 'Age', 'From', 'Message'),
    row(1, '----', '------', '----', '----', '-------'),
    ...events
      .toSorted(byTime)
      .map((event) =>
        row(
          1,
          event.type ?? '',
          event.reason ?? '',
          eventInterval(event, nowMs),
          event.source?.component || (event.reportingComponent ?? ''),
          (event.message ?? '').trim(),
        ),
      ),
  ]
}
