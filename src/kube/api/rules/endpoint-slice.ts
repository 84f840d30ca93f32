import type { DiscoveryV1EndpointPort, V1Endpoint, V1EndpointSlice } from '@kubernetes/client-node'
import type { Draft, Finding } from './finding.ts'
import { duplicate, invalid, invalidFor, isEmpty, notSupported, required, tooMany } from './finding.ts'
import { brokenByEndpointAddress } from './endpoints.ts'
import { brokenByLabel, brokenByQualifiedName, brokenBySubdomain, isIP } from './names.ts'

// Source: pkg/apis/discovery/validation.

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const MOST_ADDRESSES = 100
const MOST_PORTS = 20_000
const MOST_ENDPOINTS = 1000

export function checkEndpointSlice({
  addressType = '',
  endpoints = [],
  ports = [],
}: Draft<V1EndpointSlice>): Finding[] {
  return [
    ...checkAddressType(addressType),
    ...(endpoints.length > MOST_ENDPOINTS
      ? [tooMany('endpoints', endpoints.length, MOST_ENDPOINTS)]
      : endpoints.flatMap((endpoint, index) => checkEndpoint(endpoint, addressType, `endpoints[${index}]`))),
    ...(ports.length > MOST_PORTS ? [tooMany('ports', ports.length, MOST_PORTS)] : checkPorts(ports)),
  ]
}

export function checkEndpointSliceUpdate(next: Draft<V1EndpointSlice>, current: Draft<V1EndpointSlice>): Finding[] {
  return next.addressType === current.addressType
    ? []
    : [invalid('addressType', next.addressType, 'field is immutable')]
}

function checkAddressType(type: string): Finding[] {
  if (type === '') return [required('addressType')]
  return ADDRESS_TYPES.includes(type) ? [] : [notSupported('addressType', type, ADDRESS_TYPES)]
}

function checkEndpoint({ addresses = [], hostname }: Draft<V1Endpoint>, type: string, field: string): Finding[] {
  const at = `${field}.addresses`
  return [
    ...(addresses.length === 0 ? [required(at, 'must contain at least 1 address')] : []),
    ...(addresses.length > MOST_ADDRESSES ? [tooMany(at, addresses.length, MOST_ADDRESSES)] : []),
    ...addresses.flatMap((address, index) => invalidFor(`${at}[${index}]`, address, brokenByAddress(address, type))),
    ...(hostname === undefined ? [] : invalidFor(`${field}.hostname`, hostname, brokenByLabel(hostname))),
  ]
}

function brokenByAddress(address: string, type: string): string[] {
  switch (type) {
    case 'IPv4':
      return isIP(address) && !address.includes(':')
        ? brokenByEndpointAddress(address)
        : ['must be a valid IPv4 address']
    case 'IPv6':
      return isIP(address) && address.includes(':')
        ? brokenByEndpointAddress(address)
        : ['must be a valid IPv6 address']
    case 'FQDN':
      return brokenBySubdomain(address.replace(/\.$/, ''))
    default:
      return []
  }
}

function checkPorts(ports: readonly Draft<DiscoveryV1EndpointPort>[]): Finding[] {
  return ports.flatMap(({ name = '', protocol, appProtocol }, index) => {
    const field = `ports[${index}]`
    const isRepeated = ports.findIndex((other) => (other.name ?? '') === name) < index
    return [
      ...(name === '' ? [] : invalidFor(`${field}.name`, name, brokenByLabel(name))),
      ...(isRepeated ? [duplicate(`${field}.name`, name)] : []),
      ...(isEmpty(protocol)
        ? [required(`${field}.protocol`)]
        : PROTOCOLS.includes(protocol)
          ? []
          : [notSupported(`${field}.protocol`, protocol, PROTOCOLS)]),
      ...(appProtocol === undefined
        ? []
        : invalidFor(`${field}.appProtocol`, appProtocol, brokenByQualifiedName(appProtocol))),
    ]
  })
}
