import type { CoreV1EndpointPort, V1EndpointAddress, V1Endpoints } from '@kubernetes/client-node'
import type { Draft, Finding } from './finding.ts'
import { inRange, invalidFor, isEmpty, notSupported, required } from './finding.ts'
import { brokenByIP, brokenByLabel, brokenByQualifiedName, brokenBySubdomain } from './names.ts'

// Source: ValidateEndpoints of pkg/apis/core/validation.

const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

export function checkEndpoints({ subsets = [] }: Draft<V1Endpoints>): Finding[] {
  return subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }, index) => {
    const field = `subsets[${index}]`
    return [
      ...(addresses.length + notReadyAddresses.length === 0
        ? [required(field, 'must specify `addresses` or `notReadyAddresses`')]
        : []),
      ...addresses.flatMap((address, at) => checkAddress(address, `${field}.addresses[${at}]`)),
      ...notReadyAddresses.flatMap((address, at) => checkAddress(address, `${field}.notReadyAddresses[${at}]`)),
      ...ports.flatMap((port, at) =>
        checkPort(port, { requireName: ports.length > 1, field: `${field}.ports[${at}]` }),
      ),
    ]
  })
}

/** Sentences that the address breaks as one that others may be sent to. Source: ValidateNonSpecialIP. */
export function brokenByEndpointAddress(ip: string): string[] {
  if (ip === '0.0.0.0' || ip === '::') return [`may not be unspecified (${ip})`]
  if (ip.startsWith('127.') || ip === '::1') return ['may not be in the loopback range (127.0.0.0/8, ::1/128)']
  if (ip.startsWith('169.254.') || /^fe[89ab]/i.test(ip)) {
    return ['may not be in the link-local range (169.254.0.0/16, fe80::/10)']
  }
  if (ip.startsWith('224.0.0.') || /^ff02/i.test(ip)) {
    return ['may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)']
  }
  return []
}

function checkAddress({ ip = '', hostname, nodeName }: Draft<V1EndpointAddress>, field: string): Finding[] {
  const sentences = brokenByIP(ip)
  return [
    ...invalidFor(`${field}.ip`, ip, sentences.length > 0 ? sentences : brokenByEndpointAddress(ip)),
    ...(isEmpty(hostname) ? [] : invalidFor(`${field}.hostname`, hostname, brokenByLabel(hostname))),
    ...(nodeName === undefined ? [] : invalidFor(`${field}.nodeName`, nodeName, brokenBySubdomain(nodeName))),
  ]
}

function checkPort(
  { name, port = 0, protocol, appProtocol }: Draft<CoreV1EndpointPort>,
  { requireName, field }: { readonly requireName: boolean; readonly field: string },
): Finding[] {
  return [
    ...(isEmpty(name)
      ? requireName
        ? [required(`${field}.name`)]
        : []
      : invalidFor(`${field}.name`, name, brokenByLabel(name))),
    ...invalidFor(`${field}.port`, port, inRange(port, 1, 65535)),
    ...(isEmpty(protocol)
      ? [required(`${field}.protocol`)]
      : PROTOCOLS.includes(protocol)
        ? []
        : [notSupported(`${field}.protocol`, protocol, PROTOCOLS)]),
    ...(appProtocol === undefined
      ? []
      : invalidFor(`${field}.appProtocol`, appProtocol, brokenByQualifiedName(appProtocol))),
  ]
}
