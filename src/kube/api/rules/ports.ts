import type { V1Container, V1ContainerPort } from '@kubernetes/client-node'
import type { Draft, Finding } from './finding.ts'
import { duplicate, inRange, invalid, invalidFor, isEmpty, notSupported, required } from './finding.ts'
import { brokenByIP, brokenByPortName } from './names.ts'

const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

export function checkPorts(ports: readonly Draft<V1ContainerPort>[], field: string): Finding[] {
  const names = new Set<string>()
  return ports.flatMap((port, index) => {
    const at = `${field}[${index}]`
    const found = [
      ...checkPortName(port.name, names, `${at}.name`),
      ...checkPortNumber(port.containerPort, `${at}.containerPort`),
      ...invalidFor(`${at}.hostPort`, port.hostPort, isUnset(port.hostPort) ? [] : inRange(port.hostPort, 1, 65_535)),
      ...(isEmpty(port.hostIP) ? [] : invalidFor(`${at}.hostIP`, port.hostIP, brokenByIP(port.hostIP))),
    ]
    if (isEmpty(port.protocol)) return [...found, required(`${at}.protocol`)]
    return PROTOCOLS.includes(port.protocol)
      ? found
      : [...found, notSupported(`${at}.protocol`, port.protocol, PROTOCOLS)]
  })
}

/** Two containers of one list cannot have the same port of the machine. */
export function checkHostPortConflicts(containers: readonly Draft<V1Container>[], field: string): Finding[] {
  const taken = new Set<string>()
  return containers.flatMap((container, containerIndex) =>
    (container.ports ?? []).flatMap((port, index) => {
      if (isUnset(port.hostPort)) return []
      const key = `${port.protocol ?? ''}/${port.hostIP ?? ''}/${port.hostPort}`
      if (taken.has(key)) return [duplicate(`${field}[${containerIndex}].ports[${index}].hostPort`, key)]
      taken.add(key)
      return []
    }),
  )
}

export function checkHostNetworkPorts(containers: readonly Draft<V1Container>[], field: string): Finding[] {
  return containers.flatMap((container, containerIndex) =>
    (container.ports ?? []).flatMap((port, index) =>
      isUnset(port.hostPort) || port.hostPort === port.containerPort
        ? []
        : [
            invalid(
              `${field}[${containerIndex}].ports[${index}].containerPort`,
              port.containerPort ?? 0,
              'must match `hostPort` when `hostNetwork` is true',
            ),
          ],
    ),
  )
}

/** The port of a probe or a hook: a number or the name of a port. */
export function checkPortReference(port: number | string | undefined, field: string): Finding[] {
  if (typeof port === 'string') return invalidFor(field, port, brokenByPortName(port))
  return invalidFor(field, port ?? 0, inRange(port ?? 0, 1, 65_535))
}

function checkPortName(name: string | undefined, names: Set<string>, field: string): Finding[] {
  if (isEmpty(name)) return []
  const broken = invalidFor(field, name, brokenByPortName(name))
  if (broken.length > 0) return broken
  if (names.has(name)) return [duplicate(field, name)]
  names.add(name)
  return []
}

function checkPortNumber(port: number | undefined, field: string): Finding[] {
  return isUnset(port) ? [required(field)] : invalidFor(field, port, inRange(port, 1, 65_535))
}

function isUnset(port: number | undefined): port is 0 | undefined {
  return port === undefined || port === 0
}
