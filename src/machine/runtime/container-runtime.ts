/** Everything one container is, already decided: the runtime never sees a Pod. Paths are absolute paths of the host. */
export interface ContainerPlan {
  /** Unique on the machine; letters, digits, `_`, `-`, `.`; at most 64 characters. */
  readonly id: string
  /** An existing, empty directory that belongs to this container alone; removed with it. */
  readonly directory: string
  readonly rootfs: RootfsPlan
  readonly process: ProcessPlan
  /** In the order in which they are made. Added to the ones every container has (/proc, /dev, /sys, …). */
  readonly mounts: readonly MountPlan[]
  /** nsfs files (bind mounts of /proc/…/ns/…) to join. What is absent is made new, except `network: 'host'`. */
  readonly namespaces: {
    readonly network: string
    readonly ipc?: string
    readonly uts?: string
    readonly pid?: string
  }
  /** Path below each cgroup hierarchy, such as `/peapod/pod<uid>/<id>`; the parent exists. */
  readonly cgroupPath: string
  readonly resources: ResourcePlan
  readonly security: SecurityPlan
  /** Where the log goes, in CRI format. Its directory exists. */
  readonly logFile: string
  readonly terminal: boolean
  readonly stdin: boolean
  /** The input ends with the first client that ends it, or goes. */
  readonly stdinOnce?: boolean
}

type RootfsPlan =
  /** Lower directories, topmost first; the writable layer goes into the container's own directory. */
  { readonly is: 'overlay'; readonly lowerDirs: readonly string[]; readonly readOnly: boolean }

export interface ProcessPlan {
  readonly args: readonly string[]
  /** NAME=value, in order. */
  readonly env: readonly string[]
  readonly workingDir: string
  readonly user: { readonly uid: number; readonly gid: number; readonly additionalGids: readonly number[] }
  /** Ask for it; a machine that forbids it gets the nearest value that it allows. */
  readonly oomScoreAdj: number
}

export interface MountPlan {
  readonly source: string
  readonly destination: string
  readonly readOnly: boolean
  /** Mount options beside ro/rw, such as `rslave`. The mount is a recursive bind. */
  readonly options?: readonly string[]
}

/** Units are the kernel's; what is absent is not limited. */
export interface ResourcePlan {
  readonly cpuShares?: number
  readonly cpuQuotaUs?: number
  readonly cpuPeriodUs?: number
  readonly memoryLimitBytes?: number
  readonly pidsLimit?: number
}

export interface SecurityPlan {
  readonly privileged: boolean
  /** CAP_… names, all sets. */
  readonly capabilities: readonly string[]
  readonly noNewPrivileges: boolean
  readonly seccomp: 'runtime-default' | 'unconfined'
}

export type ContainerRecord =
  | { readonly id: string; readonly is: 'created'; readonly pid: number }
  | { readonly id: string; readonly is: 'running'; readonly pid: number; readonly startedAtMs: number }
  | {
      readonly id: string
      readonly is: 'exited'
      /** As a shell counts: 128 + n after signal n. */
      readonly exitCode: number
      /** Nobody saw how it ended, so the code (255) is made up: its watcher was killed, or the machine went down. */
      readonly lost?: true
      readonly outOfMemory: boolean
      /** 0 when it never ran. */
      readonly startedAtMs: number
      readonly finishedAtMs: number
    }

/** A program to run beside the one that a container was made for. */
export interface ExecRequest {
  readonly args: readonly string[]
  /** NAME=value, added to the environment of the container; the same name is replaced. */
  readonly env?: readonly string[]
  /** An absolute path in the container. */
  readonly workingDir: string
  /** After it the program is killed, with all its children. Infinity: as long as the container lives. */
  readonly timeoutMs: number
  /** Aborting kills it too. */
  readonly signal: AbortSignal
}

export interface ExecResult {
  /** As a shell counts: 128 + n after signal n. */
  readonly exitCode: number
  /** The last 16 KiB of what it wrote to standard output and standard error; between the two there is no sure order. */
  readonly output: string
  /** It was killed because its time was up. */
  readonly timedOut: boolean
}

/**
 * Makes, starts, ends and removes containers, and remembers them across restarts of this program: `list` tells the
 * truth of the machine, not of memory.
 */
export interface ContainerRuntime {
  /**
   * Makes the container without starting its process.
   * @throws Failure CreateContainerError; StartError when the image's program can't be executed
   */
  create(plan: ContainerPlan, signal: AbortSignal): Promise<void>
  /** @throws Failure StartError (no such program, wrong architecture, …); resolves once the process runs. */
  start(id: string): Promise<ContainerRecord & { readonly is: 'running' | 'exited' }>
  /** Sends a signal to the container's first process ('KILL': to all of them); a container that is gone is no error. */
  signal(id: string, signalNumber: number): Promise<void>
  /**
   * Runs a program in a running container, as its user and under all of its limits: cgroup, namespaces, capabilities,
   * seccomp, no_new_privs. Resolves when it has ended and nobody holds its output open any more.
   *
   * @throws Failure StartError when there is no such program or it can't be executed, NotFound when the container does
   *   not run or ends before the program does, Interrupted after an abort.
   */
  exec(id: string, request: ExecRequest): Promise<ExecResult>
  /**
   * Gives a running container other limits, at once; what is absent of CPU and memory is not limited any more. Whoever lowers
   * the memory looks first at what the container holds: below that some machines refuse, and others end it.
   *
   * @throws Failure NotFound when it does not run; SystemCallFailed when the machine refuses.
   */
  updateResources(id: string, resources: ResourcePlan): Promise<void>
  /**
   * Keeps what the container's log holds as `keptAs`, a path beside it, and goes on in a new file in its place: every entry
   * is whole in one of the two. Resolves when that is so. After a call that was cut short, by a kill for one, both names
   * are the same file: called again with the same path, it is seen through. The log of a container that has ended stays as
   * it is.
   *
   * @throws Failure InternalError when the disk has no place for a new file, for one: then nothing has changed.
   */
  rotateLog(log: { readonly id: string; readonly keptAs: string }, signal: AbortSignal): Promise<void>
  /** Kills what is left, frees mounts, cgroup, directory. Idempotent. The log file stays. */
  remove(id: string): Promise<void>
  /** Every container of this runtime's root, whoever made it. */
  list(): Promise<readonly ContainerRecord[]>
  /** Calls back once for each container that ends from now on, after its log is whole. Returns how to stop. */
  onExit(listener: (record: ContainerRecord & { readonly is: 'exited' }) => void): () => void
}
