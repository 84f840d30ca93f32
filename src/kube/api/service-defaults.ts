import type { V1Service, V1ServicePort, V1ServiceSpec } from '@kubernetes/client-node'
import type { Draft } from './rules/finding.ts'
import { isEmpty } from './rules/finding.ts'

type Spec = Draft<V1ServiceSpec>

const AFFINITY_SECONDS = 10_800

/** A Service with what the API server's defaulting fills in; addresses are not given here. Source: SetDefaults_Service. */
export function fillServiceDefaults<T>(service: T): T {
  const { spec = {} } = service as Draft<V1Service>
  return { ...service, spec: fillSpec(spec) }
}

/** Whether others reach the Service from outside the cluster. */
export function isReachedFromOutside({ type, externalIPs = [] }: Spec): boolean {
  return type === 'NodePort' || type === 'LoadBalancer' || (type === 'ClusterIP' && externalIPs.length > 0)
}

function fillSpec(given: Spec): Spec {
  const type = isEmpty(given.type) ? 'ClusterIP' : given.type
  const spec = { ...given, type, ...fillAffinity(given) }
  const { clusterIP, clusterIPs = [], ports } = spec
  return {
    ...spec,
    ...(ports === undefined ? {} : { ports: ports.map(fillPort) }),
    ...(isEmpty(clusterIP) || clusterIPs.length > 0 ? {} : { clusterIPs: [clusterIP] }),
    ...(type === 'ExternalName' ? {} : fillFamilies(spec)),
    ...(isEmpty(spec.externalTrafficPolicy) && isReachedFromOutside(spec) ? { externalTrafficPolicy: 'Cluster' } : {}),
    ...(spec.internalTrafficPolicy === undefined && ['ClusterIP', 'NodePort', 'LoadBalancer'].includes(type)
      ? { internalTrafficPolicy: 'Cluster' }
      : {}),
    ...(type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts === undefined
      ? { allocateLoadBalancerNodePorts: true }
      : {}),
  }
}

function fillAffinity({ sessionAffinity, sessionAffinityConfig }: Spec): Spec {
  if (sessionAffinity !== 'ClientIP') return isEmpty(sessionAffinity) ? { sessionAffinity: 'None' } : {}
  const timeoutSeconds = sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS
  return { sessionAffinityConfig: { clientIP: { timeoutSeconds } } }
}

/** One family is all that there is: a Service that would like two gets the one. */
function fillFamilies({ ipFamilies = [], ipFamilyPolicy }: Spec): Spec {
  return {
    ipFamilies: ipFamilies.length > 0 ? ipFamilies : ['IPv4'],
    ipFamilyPolicy: ipFamilyPolicy ?? 'SingleStack',
  }
}

function fillPort(port: Draft<V1ServicePort>): Draft<V1ServicePort> {
  const { targetPort, port: number } = port
  const isUnset = targetPort === undefined || targetPort === 0 || targetPort === ''
  return {
    ...port,
    protocol: isEmpty(port.protocol) ? 'TCP' : port.protocol,
    ...(isUnset && number !== undefined ? { targetPort: number } : {}),
  }
}
