import type { V1Service, V1ServiceSpec } from '@kubernetes/client-node'
import { isReachedFromOutside } from '../service-defaults.ts'
import type { Draft, Finding } from './finding.ts'
import { forbidden, invalid, invalidFor, isEmpty, notSupported, required } from './finding.ts'
import { brokenByEndpointAddress } from './endpoints.ts'
import { checkLabels } from './metadata.ts'
import { brokenByIP, brokenBySubdomain } from './names.ts'
import { checkServicePorts } from './service-ports.ts'

// Source: ValidateService of pkg/apis/core/validation. The Service has its defaults.

type Spec = Draft<V1ServiceSpec>

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const AFFINITIES = ['ClientIP', 'None']
const POLICIES = ['Cluster', 'Local']
const DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode']
const LONGEST_AFFINITY_SECONDS = 86_400

export function checkService({ spec = {} }: Draft<V1Service>): Finding[] {
  const { type = '', ports = [], selector = {}, externalIPs = [] } = spec
  return [
    ...(ports.length === 0 && !isHeadless(spec) && type !== 'ExternalName' ? [required('spec.ports')] : []),
    ...(type === 'ExternalName' ? checkExternalName(spec) : checkHeadless(spec)),
    ...checkServicePorts(ports, type),
    ...checkLabels(selector, 'spec.selector'),
    ...checkAffinity(spec),
    ...checkAddresses(spec),
    ...externalIPs.flatMap((ip, index) => {
      const sentences = brokenByIP(ip)
      return invalidFor(
        `spec.externalIPs[${index}]`,
        ip,
        sentences.length > 0 ? sentences : brokenByEndpointAddress(ip),
      )
    }),
    ...(TYPES.includes(type) ? [] : [notSupported('spec.type', type, TYPES)]),
    ...checkBalancer(spec),
    ...checkTraffic(spec),
  ]
}

/** What stands in DNS as the pods' own addresses. */
function isHeadless({ clusterIP }: Spec): boolean {
  return clusterIP === 'None'
}

export function checkServiceUpdate({ spec = {} }: Draft<V1Service>, current: Draft<V1Service>): Finding[] {
  const { spec: before = {} } = current
  // Who becomes an ExternalName gives its address back, and who was one gets one.
  if (spec.type === 'ExternalName' || before.type === 'ExternalName') return []
  const [address, addressBefore] = [spec.clusterIPs?.[0], before.clusterIPs?.[0]]
  if (addressBefore === undefined || address === addressBefore) return []
  return [invalid('spec.clusterIPs[0]', spec.clusterIPs ?? [], 'may not change once set')]
}

function checkHeadless(spec: Spec): Finding[] {
  if (!isHeadless(spec) || (spec.type !== 'LoadBalancer' && spec.type !== 'NodePort')) return []
  return [invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`)]
}

function checkExternalName({ clusterIPs = [], ipFamilies = [], ipFamilyPolicy, externalName = '' }: Spec): Finding[] {
  const name = externalName.replace(/\.$/, '')
  const sentence = 'may not be set for ExternalName services'
  return [
    ...(clusterIPs.length > 0 ? [forbidden('spec.clusterIPs', sentence)] : []),
    ...(ipFamilies.length > 0 ? [forbidden('spec.ipFamilies', sentence)] : []),
    ...(ipFamilyPolicy === undefined ? [] : [forbidden('spec.ipFamilyPolicy', sentence)]),
    ...(name === '' ? [required('spec.externalName')] : invalidFor('spec.externalName', name, brokenBySubdomain(name))),
  ]
}

function checkAffinity({ sessionAffinity = '', sessionAffinityConfig }: Spec): Finding[] {
  if (!AFFINITIES.includes(sessionAffinity)) return [notSupported('spec.sessionAffinity', sessionAffinity, AFFINITIES)]
  if (sessionAffinity === 'None') {
    return sessionAffinityConfig === undefined
      ? []
      : [forbidden('spec.sessionAffinityConfig', 'must not be set when session affinity is None')]
  }
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 0
  return seconds > 0 && seconds <= LONGEST_AFFINITY_SECONDS
    ? []
    : [
        invalid(
          'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
          seconds,
          `must be greater than 0 and less than ${LONGEST_AFFINITY_SECONDS}`,
        ),
      ]
}

function checkAddresses({ clusterIP, clusterIPs = [], ipFamilies = [], ipFamilyPolicy, type }: Spec): Finding[] {
  if (type === 'ExternalName') return []
  const found: Finding[] = []
  if (isEmpty(clusterIP) && clusterIPs.length > 0) {
    found.push(invalid('spec.clusterIPs', clusterIPs, 'must be empty when `clusterIP` is not specified'))
  } else if (clusterIPs.length > 0 && clusterIPs[0] !== clusterIP) {
    found.push(invalid('spec.clusterIPs', clusterIPs, 'first value must match `clusterIP`'))
  }
  for (const [index, address] of clusterIPs.entries()) {
    if (address === 'None' && index === 0) continue
    found.push(...invalidFor(`spec.clusterIPs[${index}]`, address, brokenByIP(address)))
  }
  const policies = ['SingleStack', 'PreferDualStack', 'RequireDualStack']
  if (ipFamilyPolicy !== undefined && !policies.includes(ipFamilyPolicy)) {
    found.push(notSupported('spec.ipFamilyPolicy', ipFamilyPolicy, policies.toSorted()))
  } else if (ipFamilyPolicy === 'RequireDualStack') {
    const sentence = 'this cluster is not configured for dual-stack services'
    found.push(invalid('spec.ipFamilyPolicy', ipFamilyPolicy, sentence))
  }
  for (const [index, family] of ipFamilies.entries()) {
    if (family === 'IPv4') continue
    const field = `spec.ipFamilies[${index}]`
    const isKnown = family === 'IPv6'
    found.push(
      isKnown
        ? invalid(field, family, 'not configured on this cluster')
        : notSupported(field, family, ['IPv4', 'IPv6']),
    )
  }
  return found
}

function checkBalancer({
  type,
  loadBalancerSourceRanges = [],
  allocateLoadBalancerNodePorts,
  loadBalancerClass,
}: Spec): Finding[] {
  if (type === 'LoadBalancer') return []
  const sentence = "may only be used when `type` is 'LoadBalancer'"
  return [
    ...(loadBalancerSourceRanges.length > 0 ? [forbidden('spec.LoadBalancerSourceRanges', sentence)] : []),
    ...(allocateLoadBalancerNodePorts === undefined ? [] : [forbidden('spec.allocateLoadBalancerNodePorts', sentence)]),
    ...(loadBalancerClass === undefined ? [] : [forbidden('spec.loadBalancerClass', sentence)]),
  ]
}

function checkTraffic(spec: Spec): Finding[] {
  const { externalTrafficPolicy = '', internalTrafficPolicy, trafficDistribution, healthCheckNodePort = 0, type } = spec
  const found: Finding[] = []
  if (!isReachedFromOutside(spec)) {
    if (externalTrafficPolicy !== '') {
      const sentence = 'may only be set for externally-accessible services'
      found.push(invalid('spec.externalTrafficPolicy', externalTrafficPolicy, sentence))
    }
  } else if (!POLICIES.includes(externalTrafficPolicy)) {
    found.push(notSupported('spec.externalTrafficPolicy', externalTrafficPolicy, POLICIES))
  }
  if (healthCheckNodePort !== 0 && !(type === 'LoadBalancer' && externalTrafficPolicy === 'Local')) {
    const sentence = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
    found.push(invalid('spec.healthCheckNodePort', healthCheckNodePort, sentence))
  }
  if (internalTrafficPolicy !== undefined && !POLICIES.includes(internalTrafficPolicy)) {
    found.push(notSupported('spec.internalTrafficPolicy', internalTrafficPolicy, POLICIES))
  }
  if (trafficDistribution !== undefined && !DISTRIBUTIONS.includes(trafficDistribution)) {
    found.push(notSupported('spec.trafficDistribution', trafficDistribution, DISTRIBUTIONS))
  }
  return found
}
