import { checkEndpointSlice, checkEndpointSliceUpdate } from '../../../kube/api/rules/endpoint-slice.ts'
import { ENDPOINT_SLICES, type EndpointSlice } from '../../store/resources.ts'
import { ageColumn, nameColumn } from '../tables/common-columns.ts'
import { shortList } from './cell-text.ts'
import type { Column, Kind } from './kind.ts'
import { selectable } from './selectable.ts'
import { storedRules } from './stored-rules.ts'

const COLUMNS: readonly Column<EndpointSlice>[] = [
  nameColumn,
  {
    name: 'AddressType',
    description: 'The type of address carried by this EndpointSlice.',
    cell: ({ addressType }) => addressType,
  },
  {
    name: 'Ports',
    description: 'The network ports exposed by each endpoint in this slice.',
    cell: ({ ports }) =>
      shortList(
        (ports ?? []).map(({ port, name = '' }) => (port === undefined ? name || '*' : String(port))),
        '<unset>',
      ),
  },
  {
    name: 'Endpoints',
    description: 'A list of unique endpoints in this slice.',
    cell: ({ endpoints }) =>
      shortList(
        (endpoints ?? []).flatMap(({ addresses }) => addresses),
        '<unset>',
      ),
  },
  ageColumn,
]

/** The ports with what Kubernetes fills in. Source: pkg/apis/discovery/v1/defaults.go. */
function fillPorts(slice: EndpointSlice): EndpointSlice {
  if (slice.ports === undefined) return slice
  return {
    ...slice,
    ports: slice.ports.map((port) => ({ ...port, name: port.name ?? '', protocol: port.protocol ?? 'TCP' })),
  }
}

export const endpointSliceKind: Kind<EndpointSlice> = {
  resource: ENDPOINT_SLICES,
  singular: 'endpointslice',
  shortNames: [],
  subresources: [],
  canDeleteCollection: true,
  ...selectable(),
  rules: (existing) =>
    storedRules<EndpointSlice>(
      {
        typeName: 'V1EndpointSlice',
        fill: fillPorts,
        check: checkEndpointSlice,
        checkUpdate: checkEndpointSliceUpdate,
        hasGeneration: true,
      },
      existing,
    ),
  columns: () => Promise.resolve(COLUMNS),
}
