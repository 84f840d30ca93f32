import type { V1ServicePort } from '@kubernetes/client-node'
import type { Draft, Finding } from './finding.ts'
import { duplicate, forbidden, inRange, invalidFor, isEmpty, notSupported, required } from './finding.ts'
import { brokenByLabel, brokenByQualifiedName } from './names.ts'
import { checkPortReference } from './ports.ts'

const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

/** The ports of a Service of a type, with their defaults. Source: validateServicePort of pkg/apis/core/validation. */
export function checkServicePorts(ports: readonly Draft<V1ServicePort>[], type: string): Finding[] {
  const fieldOf = (index: number): string => `spec.ports[${index}]`
  const repeats = (isSame: (one: Draft<V1ServicePort>, other: Draft<V1ServicePort>) => boolean): number[] =>
    ports.flatMap((port, index) => (ports.slice(0, index).some((other) => isSame(port, other)) ? [index] : []))
  const names = repeats((one, other) => !isEmpty(one.name) && one.name === other.name)
  const nodePorts = repeats(
    (one, other) => one.protocol === other.protocol && one.nodePort === other.nodePort && (one.nodePort ?? 0) !== 0,
  )
  const numbers = repeats((one, other) => one.protocol === other.protocol && one.port === other.port)
  return [
    ...ports.flatMap((port, index) => [
      ...(ports.length > 1 && isEmpty(port.name) ? [required(`${fieldOf(index)}.name`)] : []),
      ...checkPort(port, fieldOf(index)),
      ...(names.includes(index) ? [duplicate(`${fieldOf(index)}.name`, port.name)] : []),
    ]),
    ...ports.flatMap(({ nodePort = 0 }, index) =>
      type === 'ClusterIP' && nodePort !== 0
        ? [forbidden(`${fieldOf(index)}.nodePort`, "may not be used when `type` is 'ClusterIP'")]
        : [],
    ),
    ...nodePorts.map((index) => duplicate(`${fieldOf(index)}.nodePort`, ports[index]?.nodePort)),
    ...numbers.map((index) => {
      const { port, protocol } = ports[index] ?? {}
      return duplicate(fieldOf(index), { port, protocol })
    }),
  ]
}

function checkPort(
  { name, port = 0, protocol = '', targetPort, appProtocol }: Draft<V1ServicePort>,
  field: string,
): Finding[] {
  return [
    ...(isEmpty(name) ? [] : invalidFor(`${field}.name`, name, brokenByLabel(name))),
    ...invalidFor(`${field}.port`, port, inRange(port, 1, 65535)),
    ...(PROTOCOLS.includes(protocol) ? [] : [notSupported(`${field}.protocol`, protocol, PROTOCOLS)]),
    ...(targetPort === undefined ? [] : checkPortReference(targetPort, `${field}.targetPort`)),
    ...(appProtocol === undefined
      ? []
      : invalidFor(`${field}.appProtocol`, appProtocol, brokenByQualifiedName(appProtocol))),
  ]
}
