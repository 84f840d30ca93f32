/** What the containers of one pod share, as a plan. */
export interface SandboxPlan {
  /** Unique on this machine: letters, digits, `-`. The pod's UID. All names of kernel objects derive from it. */
  readonly id: string
  /** For people, in messages of other pods that want the same port, such as `default/web`. */
  readonly podName?: string
  /** A directory that belongs to this sandbox alone, made if it is missing; `removeSandbox` removes it with all that is in it. */
  readonly directory: string
  readonly hostname: string
  /** host: the pod shares the host's network; its ports are the host's then, and none is published. */
  readonly network: 'pod' | 'host'
  /** For the first pod of the machine: the addresses that pods get, such as `10.87.0.0/16`. Default: a range that is free. */
  readonly addressRange?: string
  readonly publishedPorts: readonly PublishedPort[]
  /** Lines for /etc/hosts after the standard ones. */
  readonly hostAliases: readonly { readonly ip: string; readonly hostnames: readonly string[] }[]
  readonly dns: DnsPlan
  /** Path of the pod's cgroup below each hierarchy: `/peapod/pod<id>`. */
  readonly cgroupPath: string
  readonly cgroup: {
    readonly cpuShares?: number
    readonly cpuQuotaUs?: number
    readonly cpuPeriodUs?: number
    readonly memoryLimitBytes?: number
    readonly pidsLimit?: number
  }
}

export interface PublishedPort {
  readonly protocol: 'TCP' | 'UDP'
  /** An IPv4 address of the machine; undefined: every one. */
  readonly hostIP: string | undefined
  readonly hostPort: number
  readonly podPort: number
}

export type DnsPlan =
  /** The machine's own resolv.conf, made usable from inside the pod. */
  { readonly is: 'host'; readonly extra?: DnsSettings } | { readonly is: 'custom'; readonly settings: DnsSettings }

export interface DnsSettings {
  readonly nameservers: readonly string[]
  readonly searches: readonly string[]
  readonly options: readonly string[]
}

/** A sandbox that is there. Paths go into the ContainerPlans of the pod. */
export interface Sandbox {
  readonly id: string
  readonly podIPs: readonly string[]
  readonly hostIPs: readonly string[]
  /** nsfs files; network is `host` for a pod on the host's network. */
  readonly namespaces: { readonly network: string; readonly ipc: string; readonly uts: string }
  readonly hostsFile: string
  readonly resolvConfFile: string
  readonly hostnameFile: string
  /** Shared /dev/shm of the pod: a tmpfs of 64 MiB. */
  readonly shmDirectory: string
}
