import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { listMounts, type MountEntry } from './mounts-below.ts'

/** Where this machine keeps its control groups. */
export type CgroupLayout =
  /** One hierarchy with every controller. */
  | { readonly version: 2; readonly root: string; readonly controllers: readonly string[] }
  /** One hierarchy per controller (or few), such as `cpu` → `/sys/fs/cgroup/cpu,cpuacct`; `name=systemd` counts too. */
  | { readonly version: 1; readonly hierarchies: ReadonlyMap<string, string>; readonly unified: string | undefined }
  | { readonly version: 'none' }

/** Reads the machine's mounts: call it once and keep the answer. */
export function cgroupLayout(): CgroupLayout {
  return computeCgroupLayout(listMounts(), (root) => readFileSync(join(root, 'cgroup.controllers'), 'utf8'))
}

/** @param readControllers the text of cgroup.controllers of a version 2 root. */
export function computeCgroupLayout(
  mounts: readonly MountEntry[],
  readControllers: (root: string) => string,
): CgroupLayout {
  const hierarchies = new Map<string, string>()
  for (const mount of mounts.filter((each) => each.filesystem === 'cgroup')) {
    for (const option of mount.superOptions.filter(isController)) {
      // The first mount is the system's own; later ones are somebody's second view.
      if (!hierarchies.has(option)) hierarchies.set(option, mount.mountPoint)
    }
  }
  const unified = mounts.find((mount) => mount.filesystem === 'cgroup2')?.mountPoint
  if (hierarchies.size > 0) return { version: 1, hierarchies, unified }
  if (unified === undefined) return { version: 'none' }
  return { version: 2, root: unified, controllers: readControllers(unified).split(/\s+/).filter(Boolean) }
}

const V1_CONTROLLERS = new Set([
  'cpu',
  'cpuacct',
  'cpuset',
  'memory',
  'devices',
  'freezer',
  'blkio',
  'pids',
  'net_cls',
  'net_prio',
  'perf_event',
  'hugetlb',
  'rdma',
  'misc',
])

function isController(option: string): boolean {
  return V1_CONTROLLERS.has(option) || option.startsWith('name=')
}

/** The folders of one group: one for version 2, one per hierarchy for version 1. */
export function cgroupDirectories(layout: CgroupLayout, path: string): string[] {
  switch (layout.version) {
    case 'none':
      return []
    case 2:
      return [join(layout.root, path)]
    case 1: {
      const roots = new Set(layout.hierarchies.values())
      if (layout.unified !== undefined) roots.add(layout.unified)
      return [...roots].map((root) => join(root, path))
    }
  }
}
