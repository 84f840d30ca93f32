import type { SeccompProfile } from './seccomp-profile.ts'

/** The part of OCI's config.json that peapod writes. Names and units are the specification's. */
export interface OciConfig {
  readonly ociVersion: string
  readonly process: {
    readonly terminal: boolean
    readonly user: { readonly uid: number; readonly gid: number; readonly additionalGids: readonly number[] }
    readonly args: readonly string[]
    readonly env: readonly string[]
    readonly cwd: string
    readonly capabilities: Readonly<
      Record<'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient', readonly string[]>
    >
    readonly rlimits: readonly { readonly type: string; readonly hard: number; readonly soft: number }[]
    readonly noNewPrivileges: boolean
    readonly oomScoreAdj: number
  }
  readonly root: { readonly path: string; readonly readonly: boolean }
  readonly mounts: readonly OciMount[]
  readonly linux: {
    readonly namespaces: readonly OciNamespace[]
    readonly cgroupsPath: string
    readonly resources: OciResources
    readonly devices: readonly OciDevice[]
    readonly maskedPaths: readonly string[]
    readonly readonlyPaths: readonly string[]
    readonly rootfsPropagation?: string
    readonly seccomp?: SeccompProfile
  }
}

export interface OciMount {
  readonly destination: string
  readonly type: string
  readonly source: string
  readonly options: readonly string[]
}

export interface OciNamespace {
  readonly type: 'mount' | 'pid' | 'ipc' | 'uts' | 'network' | 'cgroup'
  readonly path?: string
}

export interface OciDevice {
  readonly path: string
  readonly type: 'c' | 'b'
  readonly major: number
  readonly minor: number
  /** Permission bits, in decimal. */
  readonly fileMode: number
  readonly uid: number
  readonly gid: number
}

export interface OciResources {
  readonly devices: readonly { readonly allow: boolean; readonly access: string }[]
  readonly cpu?: { readonly shares?: number; readonly quota?: number; readonly period?: number }
  readonly memory?: { readonly limit: number; readonly swap?: number }
  readonly pids?: { readonly limit: number }
  readonly unified?: Readonly<Record<string, string>>
}
