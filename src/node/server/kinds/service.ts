import { brokenByServiceName } from '../../../kube/api/rules/names.ts'
import { checkService, checkServiceUpdate } from '../../../kube/api/rules/service.ts'
import { fillServiceDefaults } from '../../../kube/api/service-defaults.ts'
import { type Service, SERVICES } from '../../store/resources.ts'
import { ageColumn, nameColumn } from '../tables/common-columns.ts'
import { allocateService } from './allocate-service.ts'
import { labelText } from './cell-text.ts'
import type { Column, Kind } from './kind.ts'
import { selectable } from './selectable.ts'
import { storedRules } from './stored-rules.ts'

const COLUMNS: readonly Column<Service>[] = [
  nameColumn,
  { name: 'Type', description: 'type determines how the Service is exposed.', cell: ({ spec }) => spec?.type ?? '' },
  {
    name: 'Cluster-IP',
    description: 'clusterIP is the IP address of the service and is usually assigned randomly.',
    cell: ({ spec }) => spec?.clusterIPs?.[0] ?? '<none>',
  },
  {
    name: 'External-IP',
    description: 'externalIPs is a list of IP addresses for which nodes in the cluster will also accept traffic.',
    cell: externalText,
  },
  { name: 'Port(s)', description: 'The list of ports that are exposed by this service.', cell: portsText },
  ageColumn,
  {
    name: 'Selector',
    priority: 1,
    description: 'Route service traffic to pods with label keys and values matching this selector.',
    cell: ({ spec }) => labelText(spec?.selector),
  },
]

export const serviceKind: Kind<Service> = {
  resource: SERVICES,
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  subresources: ['status'],
  canDeleteCollection: true,
  updateCreates: true,
  addedFields: ['spec.clusterIP', 'spec.clusterIPs', 'spec.ipFamilies', 'spec.ipFamilyPolicy'],
  ...selectable<Service>({ 'spec.clusterIP': ({ spec }) => spec?.clusterIP, 'spec.type': ({ spec }) => spec?.type }),
  rules: (existing) =>
    storedRules<Service>(
      {
        typeName: 'V1Service',
        nameRule: brokenByServiceName,
        keep: keepAddresses,
        fill: fillServiceDefaults,
        check: checkService,
        checkUpdate: checkServiceUpdate,
        allocate: allocateService,
        firstStatus: { loadBalancer: {} },
      },
      existing,
    ),
  columns: () => Promise.resolve(COLUMNS),
}

/** Who replaces a Service need not know the address and the ports that it was given. Source: patchAllocatedValues. */
function keepAddresses(next: Service, current: Service): Service {
  const { spec = {} } = next
  const { spec: before = {} } = current
  if (spec.type === 'ExternalName' || before.type === 'ExternalName') return next
  const { clusterIP, clusterIPs, ports = [] } = before
  const isBare = (spec.clusterIP ?? '') === '' && (spec.clusterIPs ?? []).length === 0
  const hasNodePorts = spec.type === 'NodePort' || spec.type === 'LoadBalancer'
  const kept = (spec.ports ?? []).map((port) => {
    const same = ports.find((each) => each.port === port.port && each.protocol === (port.protocol ?? 'TCP'))
    return hasNodePorts && port.nodePort === undefined && same?.nodePort !== undefined
      ? { ...port, nodePort: same.nodePort }
      : port
  })
  return {
    ...next,
    spec: {
      ...spec,
      ...(isBare && clusterIP !== undefined && clusterIPs !== undefined ? { clusterIP, clusterIPs } : {}),
      ...(spec.ports === undefined ? {} : { ports: kept }),
    },
  }
}

function externalText({ spec = {}, status }: Service): string {
  const { type, externalIPs = [], externalName = '' } = spec
  if (type === 'ExternalName') return externalName
  const balancers = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '')
  const addresses = [...(type === 'LoadBalancer' ? balancers : []), ...externalIPs]
  if (addresses.length > 0) return addresses.join(',')
  return type === 'LoadBalancer' ? '<pending>' : '<none>'
}

function portsText({ spec }: Service): string {
  const ports = (spec?.ports ?? []).map(({ port, nodePort = 0, protocol = '' }) =>
    nodePort === 0 ? `${port}/${protocol}` : `${port}:${nodePort}/${protocol}`,
  )
  return ports.length === 0 ? '<none>' : ports.join(',')
}
