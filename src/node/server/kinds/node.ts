import { checkNode, checkNodeUpdate } from '../../../kube/api/rules/node.ts'
import { type Node, NODES } from '../../store/resources.ts'
import { ageColumn, nameColumn } from '../tables/common-columns.ts'
import type { Column, Kind } from './kind.ts'
import { selectable } from './selectable.ts'
import { storedRules } from './stored-rules.ts'

const ROLE_LABEL = 'node-role.kubernetes.io/'

const COLUMNS: readonly Column<Node>[] = [
  nameColumn,
  { name: 'Status', description: 'The status of the node', cell: statusText },
  { name: 'Roles', description: 'The roles of the node', cell: rolesText },
  ageColumn,
  {
    name: 'Version',
    description: 'Kubelet Version reported by the node.',
    cell: ({ status }) => status?.nodeInfo?.kubeletVersion ?? '',
  },
  {
    name: 'Internal-IP',
    priority: 1,
    description: 'List of addresses reachable to the node.',
    cell: (node) => addressOf(node, 'InternalIP'),
  },
  {
    name: 'External-IP',
    priority: 1,
    description: 'List of addresses reachable to the node.',
    cell: (node) => addressOf(node, 'ExternalIP'),
  },
  {
    name: 'OS-Image',
    priority: 1,
    description: 'OS Image reported by the node from /etc/os-release.',
    cell: ({ status }) => orUnknown(status?.nodeInfo?.osImage),
  },
  {
    name: 'Kernel-Version',
    priority: 1,
    description: "Kernel Version reported by the node from 'uname -r'.",
    cell: ({ status }) => orUnknown(status?.nodeInfo?.kernelVersion),
  },
  {
    name: 'Container-Runtime',
    priority: 1,
    description: 'ContainerRuntime Version reported by the node.',
    cell: ({ status }) => orUnknown(status?.nodeInfo?.containerRuntimeVersion),
  },
]

export const nodeKind: Kind<Node> = {
  resource: NODES,
  singular: 'node',
  shortNames: ['no'],
  subresources: ['status'],
  canDeleteCollection: true,
  ...selectable<Node>({ 'spec.unschedulable': ({ spec }) => String(spec?.unschedulable ?? false) }),
  rules: (existing) =>
    storedRules<Node>(
      { typeName: 'V1Node', check: checkNode, checkUpdate: checkNodeUpdate, firstStatus: 'as-sent' },
      existing,
    ),
  columns: () => Promise.resolve(COLUMNS),
}

function statusText({ spec, status }: Node): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  return spec?.unschedulable === true ? `${word},SchedulingDisabled` : word
}

function rolesText({ metadata: { labels = {} } }: Node): string {
  const roles = Object.entries(labels).flatMap(([key, value]) => {
    if (key.startsWith(ROLE_LABEL) && key.length > ROLE_LABEL.length) return [key.slice(ROLE_LABEL.length)]
    return key === 'kubernetes.io/role' && value !== '' ? [value] : []
  })
  return roles.length === 0 ? '<none>' : [...new Set(roles)].toSorted().join(',')
}

function addressOf({ status }: Node, wanted: string): string {
  return status?.addresses?.find(({ type }) => type === wanted)?.address ?? '<none>'
}

function orUnknown(text: string | undefined): string {
  return text === undefined || text === '' ? '<unknown>' : text
}
