import { Failure } from '../../failure.ts'
import type { Container, Pod } from '../../kube/api/pod.ts'
import type { SecurityPlan } from '../../machine/runtime/container-runtime.ts'

/** What containerd gives a container of a Kubernetes node. */
const DEFAULT_CAPABILITIES = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'NET_RAW',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]

/** @param knownCapabilities every capability of this kernel, without `CAP_`: what `add: [ALL]` means. */
export function buildSecurity(pod: Pod, container: Container, knownCapabilities: readonly string[]): SecurityPlan {
  const wanted = container.securityContext
  const privileged = wanted?.privileged === true
  const seccomp = wanted?.seccompProfile?.type ?? pod.spec.securityContext?.seccompProfile?.type ?? 'RuntimeDefault'
  return {
    privileged,
    capabilities: privileged ? named(knownCapabilities) : buildCapabilities(container, knownCapabilities),
    noNewPrivileges: wanted?.allowPrivilegeEscalation === false,
    seccomp: privileged || seccomp === 'Unconfined' ? 'unconfined' : 'runtime-default',
  }
}

/** `drop` is taken before `add`, so that `drop: [ALL], add: [CHOWN]` leaves CHOWN. */
function buildCapabilities(container: Container, knownCapabilities: readonly string[]): string[] {
  const add = (container.securityContext?.capabilities?.add ?? []).map(withoutPrefix)
  const drop = (container.securityContext?.capabilities?.drop ?? []).map(withoutPrefix)
  const unknown = add.filter((name) => name !== 'ALL' && !knownCapabilities.includes(name))
  if (unknown.length > 0) {
    throw new Failure(
      'CreateContainerError',
      `add capabilities to container "${container.name}": this kernel has no ${unknown.join(', ')}; see capabilities(7)`,
    )
  }
  const kept = add.includes('ALL') ? knownCapabilities : [...(drop.includes('ALL') ? [] : DEFAULT_CAPABILITIES), ...add]
  const dropped = add.includes('ALL') ? drop.filter((name) => name !== 'ALL') : drop
  return named([...new Set(kept)].filter((name) => add.includes(name) || !dropped.includes(name)).sort())
}

function named(capabilities: readonly string[]): string[] {
  return capabilities.map((name) => `CAP_${name}`)
}

function withoutPrefix(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '')
}
