import type { V1Pod, V1PodSpec } from '@kubernetes/client-node'
import { checkContainers } from './containers.ts'
import { checkDnsConfig, checkDnsPolicy, checkHostAliases } from './dns.ts'
import { checkEphemeralContainers } from './ephemeral-containers.ts'
import type { Draft, Finding } from './finding.ts'
import { forbidden, inRange, invalid, invalidFor, isEmpty, notSupported, required } from './finding.ts'
import { checkLabels, checkMetadata } from './metadata.ts'
import { brokenByLabel, brokenBySubdomain } from './names.ts'
import { checkHostNetworkPorts } from './ports.ts'
import { checkPodRestartPolicy } from './restart.ts'
import { checkAffinity, checkTolerations, checkTopologySpread } from './scheduling.ts'
import { checkPodSecurity } from './security-context.ts'
import { checkVolumes } from './volumes.ts'

const MAXIMUM_DEADLINE_SECONDS = 2_147_483_647

/**
 * Kubernetes' rules for any Pod, on a Pod whose defaults are filled in: the API server's own sentences in its own order.
 *
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go
 */
export function checkPod(pod: Draft<V1Pod>): Finding[] {
  return [...checkMetadata(pod.metadata ?? {}, 'metadata'), ...checkSpec(pod.spec ?? {}, 'spec')]
}

/** What may come to a Pod only later (C1): it must not be there when it is created. */
export function checkNewPod({ spec = {} }: Draft<V1Pod>): Finding[] {
  const { ephemeralContainers = [] } = spec
  return ephemeralContainers.length === 0 ? [] : [forbidden('spec.ephemeralContainers', 'cannot be set on create')]
}

function checkSpec(spec: Draft<V1PodSpec>, field: string): Finding[] {
  return [
    ...checkVolumes(spec.volumes ?? [], `${field}.volumes`),
    ...checkContainers(spec, field),
    ...checkEphemeralContainers(spec, `${field}.ephemeralContainers`),
    ...checkPodRestartPolicy(spec.restartPolicy, `${field}.restartPolicy`),
    ...checkDnsPolicy(spec.dnsPolicy, `${field}.dnsPolicy`),
    ...checkLabels(spec.nodeSelector ?? {}, `${field}.nodeSelector`),
    ...checkNamespaces(spec, field),
    ...checkPodSecurity(spec.securityContext ?? {}, `${field}.securityContext`),
    ...(spec.imagePullSecrets ?? []).flatMap((secret, index) =>
      isEmpty(secret.name) ? [required(`${field}.imagePullSecrets[${index}].name`)] : [],
    ),
    ...checkAffinity(spec.affinity ?? {}, `${field}.affinity`),
    ...checkDnsConfig(spec.dnsConfig, spec.dnsPolicy, `${field}.dnsConfig`),
    ...checkTopologySpread(spec.topologySpreadConstraints ?? [], `${field}.topologySpreadConstraints`),
    ...checkNamesInSpec(spec, field),
    ...checkTolerations(spec.tolerations ?? [], `${field}.tolerations`),
    ...checkHostAliases(spec.hostAliases ?? [], `${field}.hostAliases`),
    ...checkPriorityAndSystem(spec, field),
  ]
}

function checkNamespaces(spec: Draft<V1PodSpec>, field: string): Finding[] {
  const { hostNetwork, hostPID, shareProcessNamespace, hostUsers } = spec
  return [
    ...(hostNetwork === true ? checkHostNetworkPorts(spec.containers ?? [], `${field}.containers`) : []),
    ...(hostNetwork === true ? checkHostNetworkPorts(spec.initContainers ?? [], `${field}.initContainers`) : []),
    ...(shareProcessNamespace === true && hostPID === true
      ? [invalid(`${field}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled')]
      : []),
    ...(hostUsers === false
      ? (['hostNetwork', 'hostPID', 'hostIPC'] as const)
          .filter((name) => spec[name] === true)
          .map((name) => forbidden(`${field}.${name}`, 'when `hostUsers` is false'))
      : []),
  ]
}

function checkNamesInSpec(spec: Draft<V1PodSpec>, field: string): Finding[] {
  const { serviceAccountName, nodeName, activeDeadlineSeconds, hostname, subdomain } = spec
  return [
    ...(isEmpty(serviceAccountName)
      ? []
      : invalidFor(`${field}.serviceAccountName`, serviceAccountName, brokenBySubdomain(serviceAccountName))),
    ...(isEmpty(nodeName) ? [] : invalidFor(`${field}.nodeName`, nodeName, brokenBySubdomain(nodeName))),
    ...(activeDeadlineSeconds === undefined
      ? []
      : invalidFor(
          `${field}.activeDeadlineSeconds`,
          activeDeadlineSeconds,
          inRange(activeDeadlineSeconds, 1, MAXIMUM_DEADLINE_SECONDS),
        )),
    ...(isEmpty(hostname) ? [] : invalidFor(`${field}.hostname`, hostname, brokenByLabel(hostname))),
    ...(isEmpty(subdomain) ? [] : invalidFor(`${field}.subdomain`, subdomain, brokenByLabel(subdomain))),
  ]
}

function checkPriorityAndSystem(spec: Draft<V1PodSpec>, field: string): Finding[] {
  const { priorityClassName, runtimeClassName, preemptionPolicy, os } = spec
  return [
    ...(isEmpty(priorityClassName)
      ? []
      : invalidFor(`${field}.priorityClassName`, priorityClassName, brokenBySubdomain(priorityClassName))),
    ...(isEmpty(runtimeClassName)
      ? []
      : invalidFor(`${field}.runtimeClassName`, runtimeClassName, brokenBySubdomain(runtimeClassName))),
    ...(preemptionPolicy !== undefined && !['PreemptLowerPriority', 'Never'].includes(preemptionPolicy)
      ? [notSupported(`${field}.preemptionPolicy`, preemptionPolicy, ['PreemptLowerPriority', 'Never'])]
      : []),
    ...(os !== undefined && isEmpty(os.name) ? [required(`${field}.os.name`)] : []),
    ...(os !== undefined && !isEmpty(os.name) && !['linux', 'windows'].includes(os.name)
      ? [notSupported(`${field}.os.name`, os.name, ['linux', 'windows'])]
      : []),
  ]
}
