import type { Pod } from '../../kube/api/pod.ts'
import { allContainers } from '../../kube/api/pod.ts'
import type { DnsPlan, DnsSettings, PublishedPort, SandboxPlan } from '../../machine/sandbox/sandbox.ts'
import { buildPodResources } from './container-resources.ts'

const LONGEST_HOSTNAME = 63

/** From a Pod to what its containers share. @param machineHostname is the hostname of a pod on the host's network. */
export function buildSandboxPlan(pod: Pod, directory: string, machineHostname: string): SandboxPlan {
  return {
    id: pod.metadata.uid,
    directory,
    hostname: hostnameOf(pod, machineHostname),
    network: pod.spec.hostNetwork === true ? 'host' : 'pod',
    publishedPorts: pod.spec.hostNetwork === true ? [] : publishedPorts(pod),
    hostAliases: (pod.spec.hostAliases ?? []).map(({ ip, hostnames }) => ({ ip, hostnames: hostnames ?? [] })),
    dns: dnsPlan(pod),
    cgroupPath: podCgroupPath(pod.metadata.uid),
    cgroup: buildPodResources(pod),
  }
}

/** Path of a pod's cgroup below each hierarchy. */
export function podCgroupPath(uid: string): string {
  return `/peapod/pod${uid}`
}

/** `spec.hostname`, else the pod's name, cut to what a kernel takes, never ending in `-` or `.` (N1). */
export function hostnameOf(pod: Pod, machineHostname: string): string {
  if (pod.spec.hostNetwork === true) return machineHostname
  const name = pod.spec.hostname ?? pod.metadata.name
  return name.slice(0, LONGEST_HOSTNAME).replace(/[-.]+$/, '')
}

function publishedPorts(pod: Pod): PublishedPort[] {
  return allContainers(pod).flatMap((container) =>
    (container.ports ?? []).flatMap((port) =>
      port.hostPort === undefined || port.hostPort === 0
        ? []
        : [
            {
              protocol: port.protocol === 'UDP' ? ('UDP' as const) : ('TCP' as const),
              hostIP: port.hostIP === '' || port.hostIP === '0.0.0.0' ? undefined : port.hostIP,
              hostPort: port.hostPort,
              podPort: port.containerPort,
            },
          ],
    ),
  )
}

/** Without cluster DNS, ClusterFirst is the machine's own resolver (N2). */
function dnsPlan(pod: Pod): DnsPlan {
  const settings: DnsSettings = {
    nameservers: pod.spec.dnsConfig?.nameservers ?? [],
    searches: pod.spec.dnsConfig?.searches ?? [],
    options: (pod.spec.dnsConfig?.options ?? []).map(({ name, value }) =>
      value === undefined ? (name ?? '') : `${name ?? ''}:${value}`,
    ),
  }
  if (pod.spec.dnsPolicy === 'None') return { is: 'custom', settings }
  return pod.spec.dnsConfig === undefined ? { is: 'host' } : { is: 'host', extra: settings }
}
