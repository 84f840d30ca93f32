import { Failure } from '../../failure.ts'
import type { SandboxPlan } from './sandbox.ts'

/**
 * A pod's /etc/hosts, byte for byte as the kubelet writes it.
 *
 * @param hostFile text of the machine's own file, which a pod on the host's network gets; undefined for a pod of its own.
 */
export function buildHostsFile(
  plan: Pick<SandboxPlan, 'hostname' | 'hostAliases'>,
  podIPs: readonly string[],
  hostFile: string | undefined,
): string {
  const start =
    hostFile === undefined
      ? OWN_NETWORK + podIPs.map((ip) => `${oneWord(ip)}\t${oneWord(plan.hostname)}\n`).join('')
      : `# Kubernetes-managed hosts file (host network).\n${hostFile}`
  if (plan.hostAliases.length === 0) return start
  const aliases = plan.hostAliases.map(({ ip, hostnames }) => [ip, ...hostnames].map(oneWord).join('\t'))
  return `${start}\n# Entries added by HostAliases.\n${aliases.join('\n')}\n`
}

const OWN_NETWORK = `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
`

const LONGEST_HOSTNAME = 63

/** As the kubelet does: a longer name would not fit the kernel's, and must not end in a separator. */
export function truncateHostname(hostname: string): string {
  return hostname.slice(0, LONGEST_HOSTNAME).replace(/[-.]+$/, '')
}

/** A blank or line break would add words or whole lines of somebody's choice to a file that all containers trust. */
export function oneWord(value: string): string {
  if (/^[^\s#\p{Cc}]+$/u.test(value)) return value
  throw new Failure(
    'FailedCreatePodSandBox',
    `write the pod's name files: ${JSON.stringify(value)} is not one word; take the blanks, line breaks or # out of it`,
  )
}
