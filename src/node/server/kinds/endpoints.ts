import { checkEndpoints } from '../../../kube/api/rules/endpoints.ts'
import { ENDPOINTS, type Endpoints } from '../../store/resources.ts'
import { ageColumn, nameColumn } from '../tables/common-columns.ts'
import { shortList } from './cell-text.ts'
import type { Column, Kind } from './kind.ts'
import { selectable } from './selectable.ts'
import { storedRules } from './stored-rules.ts'

const COLUMNS: readonly Column<Endpoints>[] = [
  nameColumn,
  {
    name: 'Endpoints',
    description: 'The set of all endpoints is the union of all subsets.',
    cell: ({ subsets }) => shortList((subsets ?? []).flatMap(endpointsOf), '<none>'),
  },
  ageColumn,
]

type Subset = NonNullable<Endpoints['subsets']>[number]

function endpointsOf({ addresses = [], ports = [] }: Subset): string[] {
  if (ports.length === 0) return addresses.map(({ ip }) => ip)
  return ports.flatMap(({ port }) =>
    addresses.map(({ ip }) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)),
  )
}

function fillProtocols(endpoints: Endpoints): Endpoints {
  if (endpoints.subsets === undefined) return endpoints
  return {
    ...endpoints,
    subsets: endpoints.subsets.map((subset) =>
      subset.ports === undefined
        ? subset
        : { ...subset, ports: subset.ports.map((port) => ({ ...port, protocol: port.protocol ?? 'TCP' })) },
    ),
  }
}

export const endpointsKind: Kind<Endpoints> = {
  resource: ENDPOINTS,
  singular: 'endpoints',
  shortNames: ['ep'],
  subresources: [],
  canDeleteCollection: true,
  updateCreates: true,
  ...selectable(),
  rules: (existing) =>
    storedRules<Endpoints>({ typeName: 'V1Endpoints', fill: fillProtocols, check: checkEndpoints }, existing),
  columns: () => Promise.resolve(COLUMNS),
}
