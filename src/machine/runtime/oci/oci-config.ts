import type { ContainerPlan, MountPlan, ResourcePlan } from '../container-runtime.ts'
import type { OciConfig, OciDevice, OciMount, OciNamespace, OciResources } from './oci-spec.ts'
import { defaultSeccompProfile } from './seccomp-profile.ts'

/** What of the machine a container's config.json depends on. */
export interface OciMachine {
  /** Node's name, `process.arch`. */
  readonly architecture: string
  readonly cgroupVersion: 1 | 2
  /** The memory controller can limit memory and swap together. */
  readonly limitsSwap: boolean
  /** The lowest oom_score_adj that this process may give to a child. */
  readonly lowestOomScoreAdj: number
  /** How many files a process here may be allowed to open. */
  readonly mostOpenFiles: number
  /** CAP_… names that this process holds, so that it can hand them on. */
  readonly capabilities: readonly string[]
  /** What a privileged container sees in /dev. */
  readonly devices: readonly OciDevice[]
}

/** What containerd's unit file sets, and so what a Kubernetes node's containers are used to. */
const OPEN_FILES = 1_048_576

const MASKED_PATHS = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
]
const READ_ONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

/**
 * The complete config.json of one container, with the defaults that containerd gives on a Kubernetes node. Its root is the
 * folder `rootfs` of the container's directory.
 *
 * @see https://github.com/opencontainers/runtime-spec/blob/main/config.md
 */
export function buildOciConfig(plan: ContainerPlan, machine: OciMachine): OciConfig {
  const { privileged } = plan.security
  const capabilities = privileged ? machine.capabilities : plan.security.capabilities
  const unconfined = privileged || plan.security.seccomp === 'unconfined'
  const seccomp = unconfined ? undefined : defaultSeccompProfile(machine.architecture, capabilities)
  const propagation = rootfsPropagation(plan.mounts)
  return {
    ociVersion: '1.0.2',
    process: buildProcess(plan, capabilities, machine),
    root: { path: 'rootfs', readonly: plan.rootfs.readOnly },
    mounts: buildMounts(plan, privileged),
    linux: {
      namespaces: buildNamespaces(plan, machine),
      cgroupsPath: plan.cgroupPath,
      resources: buildResources(plan.resources, privileged, machine),
      devices: privileged ? machine.devices : [],
      maskedPaths: privileged ? [] : MASKED_PATHS,
      readonlyPaths: privileged ? [] : READ_ONLY_PATHS,
      ...(propagation === undefined ? {} : { rootfsPropagation: propagation }),
      ...(seccomp === undefined ? {} : { seccomp }),
    },
  }
}

function buildProcess(plan: ContainerPlan, capabilities: readonly string[], machine: OciMachine): OciConfig['process'] {
  const { uid, gid, additionalGids } = plan.process.user
  const openFiles = Math.min(OPEN_FILES, machine.mostOpenFiles)
  const lacksTerm = plan.terminal && !plan.process.env.some((line) => line.startsWith('TERM='))
  return {
    terminal: plan.terminal,
    // The own group is listed too: a file that denies its group must also deny a process that drops its gid (CVE-2022-2989).
    user: { uid, gid, additionalGids: [...new Set([gid, ...additionalGids])] },
    args: plan.process.args,
    env: lacksTerm ? [...plan.process.env, 'TERM=xterm'] : plan.process.env,
    cwd: plan.process.workingDir,
    // Nothing inheritable (CVE-2022-24769), nothing ambient: a user other than root starts without capabilities.
    capabilities: {
      bounding: capabilities,
      effective: capabilities,
      permitted: capabilities,
      inheritable: [],
      ambient: [],
    },
    rlimits: [{ type: 'RLIMIT_NOFILE', hard: openFiles, soft: openFiles }],
    noNewPrivileges: plan.security.noNewPrivileges,
    oomScoreAdj: Math.min(1000, Math.max(plan.process.oomScoreAdj, machine.lowestOomScoreAdj)),
  }
}

function buildMounts(plan: ContainerPlan, privileged: boolean): OciMount[] {
  const access = privileged ? 'rw' : 'ro'
  const defaults: OciMount[] = [
    special('/proc', 'proc', ['nosuid', 'noexec', 'nodev']),
    special('/dev', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
    special('/dev/pts', 'devpts', ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5']),
    special('/dev/mqueue', 'mqueue', ['nosuid', 'noexec', 'nodev']),
    special('/dev/shm', 'tmpfs', ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'], 'shm'),
    special('/sys', 'sysfs', ['nosuid', 'noexec', 'nodev', access]),
    special('/sys/fs/cgroup', 'cgroup', ['nosuid', 'noexec', 'nodev', 'relatime', access]),
  ]
  // What the plan mounts in the place of a default replaces it.
  const taken = new Set(plan.mounts.map((mount) => withoutTrailingSlash(mount.destination)))
  return [...defaults.filter((mount) => !taken.has(mount.destination)), ...plan.mounts.map(bindOf)]
}

function special(destination: string, type: string, options: readonly string[], source = type): OciMount {
  return { destination, type, source, options }
}

function bindOf(mount: MountPlan): OciMount {
  const options = mount.options ?? []
  return {
    destination: mount.destination,
    type: 'bind',
    source: mount.source,
    options: ['rbind', ...(options.some(isPropagation) ? [] : ['rprivate']), mount.readOnly ? 'ro' : 'rw', ...options],
  }
}

function isPropagation(option: string): boolean {
  return /^r?(private|slave|shared|unbindable)$/.test(option)
}

/** A mount passes on what is mounted below it later only if the container's root lets it through. */
function rootfsPropagation(mounts: readonly MountPlan[]): 'rshared' | 'rslave' | undefined {
  const options = mounts.flatMap((mount) => mount.options ?? [])
  if (options.some((option) => /^r?shared$/.test(option))) return 'rshared'
  return options.some((option) => /^r?slave$/.test(option)) ? 'rslave' : undefined
}

function buildNamespaces(plan: ContainerPlan, machine: OciMachine): OciNamespace[] {
  const { network, ipc, uts, pid } = plan.namespaces
  // On version 1 a namespace of its own would hide the limits' files from programs that look for them by their full path.
  const ownCgroupView = machine.cgroupVersion === 2 && !plan.security.privileged
  return [
    { type: 'mount' },
    joinOrMake('pid', pid),
    joinOrMake('ipc', ipc),
    joinOrMake('uts', uts),
    ...(network === 'host' ? [] : [joinOrMake('network', network)]),
    ...(ownCgroupView ? [{ type: 'cgroup' } as const] : []),
  ]
}

function joinOrMake(type: OciNamespace['type'], path: string | undefined): OciNamespace {
  return path === undefined ? { type } : { type, path }
}

function buildResources(plan: ResourcePlan, privileged: boolean, machine: OciMachine): OciResources {
  const { cpuShares, cpuQuotaUs, cpuPeriodUs, memoryLimitBytes, pidsLimit } = plan
  const cpu = {
    ...(cpuShares === undefined ? {} : { shares: cpuShares }),
    ...(cpuQuotaUs === undefined ? {} : { quota: cpuQuotaUs }),
    ...(cpuPeriodUs === undefined ? {} : { period: cpuPeriodUs }),
  }
  return {
    // Nothing is allowed; the runtimes add /dev/null, zero, full, random, urandom, tty and the terminals.
    devices: [{ allow: privileged, access: 'rwm' }],
    ...(Object.keys(cpu).length === 0 ? {} : { cpu }),
    ...(memoryLimitBytes === undefined
      ? {}
      : // Swap counts towards the same limit, so that there is none: Kubernetes' NoSwap (Q8).
        { memory: { limit: memoryLimitBytes, ...(machine.limitsSwap ? { swap: memoryLimitBytes } : {}) } }),
    ...(pidsLimit === undefined ? {} : { pids: { limit: pidsLimit } }),
    // The processes of a container die together when its memory is up (Q4).
    ...(machine.cgroupVersion === 2 ? { unified: { 'memory.oom.group': '1' } } : {}),
  }
}

function withoutTrailingSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path
}
