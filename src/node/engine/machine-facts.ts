import { readFileSync, statfsSync } from 'node:fs'
import { arch, cpus, totalmem } from 'node:os'
import type { NodeFacts } from '../../kube/lifecycle/node-fit.ts'

/** What this machine is, read once at start. */
export interface MachineFacts {
  readonly memoryBytes: number
  /** Every capability of this kernel that this process may hand on, without `CAP_`. */
  readonly capabilities: readonly string[]
}

/** How many pods Kubernetes promises to carry on one node is 110; here the addresses of the pod network are the limit. */
const MOST_PODS = 4_000
/** As OCI and Kubernetes name them. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', s390: 's390x' }

/** The machine as pods are given to it. @param directory lies on the disk that containers write to. */
export function readNodeFacts(name: string, directory: string): NodeFacts {
  const disk = statfsSync(directory)
  const architecture = ARCHITECTURES[arch()] ?? arch()
  return {
    name,
    labels: {
      'beta.kubernetes.io/arch': architecture,
      'beta.kubernetes.io/os': 'linux',
      'kubernetes.io/arch': architecture,
      'kubernetes.io/hostname': name,
      'kubernetes.io/os': 'linux',
    },
    allocatable: {
      cpu: String(cpus().length),
      memory: `${Math.floor(totalmem() / 1024)}Ki`,
      'ephemeral-storage': String(disk.blocks * disk.bsize),
      pods: String(MOST_PODS),
    },
  }
}

/** In the order of their numbers: capabilities(7), linux/capability.h. */
const CAPABILITIES = [
  ['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP'],
  ['LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER'],
  ['SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE'],
  ['SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP'],
  ['MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF'],
  ['CHECKPOINT_RESTORE'],
].flat()

export function readMachineFacts(): MachineFacts {
  return { memoryBytes: totalmem(), capabilities: parseCapabilities(readFileSync('/proc/self/status', 'utf8')) }
}

/** The names in the bounding set of a /proc/<pid>/status. */
function parseCapabilities(status: string): string[] {
  const bounding = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)
  return CAPABILITIES.filter((_name, number) => (bounding >> BigInt(number)) & 1n)
}
