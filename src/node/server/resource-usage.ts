/** What a container or the machine uses. */
export interface Usage {
  /** Of CPU time, per second: 1e9 is one core at work. */
  readonly cpuNanocores: number
  /** Without what the kernel could drop at once, such as files it has read ahead. */
  readonly memoryBytes: number
}

export interface Measured {
  readonly atMs: number
  /** Over how long a time the CPU was watched. */
  readonly windowMs: number
}

interface PodUsage extends Measured {
  /** Those that run. */
  readonly containers: readonly ({ readonly name: string } & Usage)[]
}

/** Who measures what pods and their machine use. */
export interface ResourceUsage {
  /** By UID; pods of which nothing runs are not in it. */
  pods(uids: readonly string[]): Promise<ReadonlyMap<string, PodUsage>>
  machine(): Promise<Measured & Usage>
}
