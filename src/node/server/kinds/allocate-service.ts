import type { Parsed, Problem } from '../../../kube/api/problem.ts'
import { invalid } from '../../../kube/api/rules/finding.ts'
import { type Service, SERVICES } from '../../store/resources.ts'
import type { Existing } from './kind.ts'

/** Where Services have their addresses: 10.96.0.0/12. Its first address is that of the API itself. */
const RANGE = '10.96.0.0/12'
const FIRST = 0x0a60_0000
const COUNT = 2 ** 20
/** The lowest addresses are left to who asks for one, as Kubernetes does. */
const ASKED_FOR = 256
const FIRST_NODE_PORT = 30_000
const LAST_NODE_PORT = 32_767

type Spec = NonNullable<Service['spec']>
type Port = NonNullable<Spec['ports']>[number]

/**
 * Gives a Service the addresses and ports that its type has and it did not ask for.
 *
 * @param current what stands in its place: what it has, it keeps.
 */
export function allocateService(service: Service, existing: Existing, current?: Service): Parsed<Service> {
  const { spec = {}, metadata } = service
  const others = existing
    .list(SERVICES)
    .items.filter((other) => other.metadata.uid !== (current ?? service).metadata.uid)
    .map((other) => other.spec ?? {})
  const withAddress = spec.type === 'ExternalName' ? spec : giveAddress(spec, others, metadata.uid ?? '')
  const problems = [...checkAddress(withAddress, others), ...checkPorts(withAddress, others)]
  if (problems.length > 0) return { ok: false, problems }
  return { ok: true, value: { ...service, spec: givePorts(withAddress, others) } }
}

function giveAddress(spec: Spec, others: readonly Spec[], seed: string): Spec {
  if ((spec.clusterIP ?? '') !== '') return spec
  const taken = new Set(others.flatMap(({ clusterIPs = [] }) => clusterIPs))
  const start = hash(seed) % (COUNT - ASKED_FOR - 1)
  let clusterIP = ''
  for (let step = 0; clusterIP === '' || taken.has(clusterIP); step++) {
    clusterIP = addressText(FIRST + ASKED_FOR + ((start + step) % (COUNT - ASKED_FOR - 1)))
  }
  return { ...spec, clusterIP, clusterIPs: [clusterIP] }
}

function checkAddress({ clusterIP = '', clusterIPs }: Spec, others: readonly Spec[]): Problem[] {
  if (clusterIP === '' || clusterIP === 'None') return []
  const number = clusterIP.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const refuse = (why: string): Problem[] => [
    invalid('spec.clusterIPs', clusterIPs, `failed to allocate IP ${clusterIP}: ${why}`),
  ]
  // The first and the last address of a network are nobody's.
  if (!(number > FIRST && number < FIRST + COUNT - 1)) {
    return refuse(`the provided IP (${clusterIP}) is not in the valid range. The range of valid IPs is ${RANGE}`)
  }
  return others.some((other) => other.clusterIPs?.includes(clusterIP) === true)
    ? refuse('provided IP is already allocated')
    : []
}

function checkPorts({ ports = [] }: Spec, others: readonly Spec[]): Problem[] {
  const taken = portsOf(others)
  return ports.flatMap(({ nodePort = 0 }, index) => {
    const field = `spec.ports[${index}].nodePort`
    if (nodePort === 0) return []
    if (nodePort < FIRST_NODE_PORT || nodePort > LAST_NODE_PORT) {
      const range = `${FIRST_NODE_PORT}-${LAST_NODE_PORT}`
      return [invalid(field, nodePort, `provided port is not in the valid range. The range of valid ports is ${range}`)]
    }
    return taken.has(nodePort) ? [invalid(field, nodePort, 'provided port is already allocated')] : []
  })
}

/** One number serves both protocols of one port number, as in Kubernetes. */
function givePorts(spec: Spec, others: readonly Spec[]): Spec {
  const { type, ports = [], allocateLoadBalancerNodePorts } = spec
  if (type !== 'NodePort' && !(type === 'LoadBalancer' && allocateLoadBalancerNodePorts === true)) return spec
  const taken = portsOf([...others, spec])
  const given: Port[] = []
  for (const port of ports) {
    if ((port.nodePort ?? 0) !== 0) {
      given.push(port)
      continue
    }
    const sibling = given.find((other) => other.port === port.port && other.protocol !== port.protocol)
    const nodePort = sibling?.nodePort ?? freePort(taken)
    taken.add(nodePort)
    given.push({ ...port, nodePort })
  }
  return { ...spec, ports: given }
}

function portsOf(specs: readonly Spec[]): Set<number> {
  return new Set(specs.flatMap(({ ports = [] }) => ports.map(({ nodePort = 0 }) => nodePort)))
}

function freePort(taken: ReadonlySet<number>): number {
  let port = FIRST_NODE_PORT
  while (taken.has(port)) port++
  return port
}

function addressText(number: number): string {
  return [24, 16, 8, 0].map((bits) => (number >>> bits) & 0xff).join('.')
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  return value >>> 0
}
