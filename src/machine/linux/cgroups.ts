import { type Dirent, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Failure, messageOf } from '../../failure.ts'
import { cgroupDirectories, type CgroupLayout, cgroupLayout } from './cgroup-layout.ts'
import { type CgroupLimits, type CgroupSetting, cgroupV1Settings, cgroupV2Settings } from './cgroup-limits.ts'
import { errnoOf } from './system-call-failure.ts'

/** A killed process needs this long at worst, unless the kernel holds it (dead network mounts and the like). */
const DEATH_LIMIT_MS = 5_000
const LONGEST_PAUSE_MS = 20

let knownLayout: CgroupLayout | undefined

/** Where this machine keeps its groups: read once. */
export function layoutOfMachine(): CgroupLayout {
  knownLayout ??= cgroupLayout()
  return knownLayout
}

/**
 * Makes a group, and the groups above it, in every hierarchy that its containers will join or that limits it. A group that
 * is there already gets the limits.
 *
 * @param path below each hierarchy, such as `/peapod/pod1`.
 * @throws Failure SystemCallFailed, also when a limit is asked for whose controller this machine lacks.
 */
export function makeCgroup(path: string, limits: CgroupLimits, layout = layoutOfMachine()): void {
  if (layout.version === 1) makeV1(layout, path, limits)
  else if (layout.version === 2) makeV2(layout, path, limits)
  else throw new Failure('SystemCallFailed', `make cgroup "${path}": no cgroup file system is mounted`)
}

/** IDs of the processes in a group and in all below it; empty when there is no such group. */
export function cgroupProcesses(path: string, layout = layoutOfMachine()): number[] {
  const pids = new Set<number>()
  for (const directory of cgroupDirectories(layout, path)) {
    for (const group of groupsBelow(directory)) processesIn(group).forEach((pid) => pids.add(pid))
  }
  return [...pids]
}

/** Kills (SIGKILL) every process in a group and in all below it, also those that fork meanwhile, and waits for their end. */
export async function killCgroup(path: string, layout = layoutOfMachine()): Promise<void> {
  if (!/^\/[^/.]/.test(path)) throw new Failure('SystemCallFailed', `kill cgroup "${path}": not a group of ours`)
  const endsAtMs = performance.now() + DEATH_LIMIT_MS
  let pauseMs = 1
  for (let pids = cgroupProcesses(path, layout); pids.length > 0; pids = cgroupProcesses(path, layout)) {
    if (performance.now() > endsAtMs) {
      throw new Failure(
        'SystemCallFailed',
        `kill cgroup "${path}": still alive after ${DEATH_LIMIT_MS} ms: ${pids.join(', ')}`,
      )
    }
    if (layout.version !== 2 || !killAtOnce(join(layout.root, path))) killOneByOne(layout, path, pids)
    await delay(pauseMs)
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
  }
}

/** Removes a group and all below it, in every hierarchy. No such group is fine; its processes must have ended. */
export async function removeCgroup(path: string, layout = layoutOfMachine()): Promise<void> {
  for (const directory of cgroupDirectories(layout, path)) {
    for (const group of groupsBelow(directory).reverse()) await removeGroup(group)
  }
}

/** Names of the groups right below a group, in any hierarchy. */
export function childCgroups(path: string, layout = layoutOfMachine()): string[] {
  const names = cgroupDirectories(layout, path).flatMap((directory) => childrenOf(directory))
  return [...new Set(names)]
}

function makeV1(layout: CgroupLayout & { version: 1 }, path: string, limits: CgroupLimits): void {
  for (const [controller, root] of layout.hierarchies) {
    // A cpuset group takes no process before its parents are set up: the runtime does that for its own.
    if (controller !== 'cpuset') mkdirSync(join(root, path), { recursive: true })
  }
  for (const setting of cgroupV1Settings(limits)) {
    const root = layout.hierarchies.get(setting.controller)
    if (root === undefined) throw controllerMissing(path, setting)
    applySetting(join(root, path), setting)
  }
}

function makeV2(layout: CgroupLayout & { version: 2 }, path: string, limits: CgroupLimits): void {
  const directory = join(layout.root, path)
  mkdirSync(directory, { recursive: true })
  const wanted = ['cpu', 'memory', 'pids', 'cpuset', 'io'].filter((name) => layout.controllers.includes(name))
  const change = wanted.map((name) => `+${name}`).join(' ')
  // A controller reaches a group only through every group above it. The group itself passes them on to its containers.
  const names = path.split('/').filter(Boolean)
  for (let depth = 0; depth <= names.length; depth += 1) {
    const group = join(layout.root, ...names.slice(0, depth))
    const have = readFileSync(join(group, 'cgroup.subtree_control'), 'utf8').split(/\s+/)
    if (wanted.every((name) => have.includes(name))) continue
    writeTo(join(group, 'cgroup.subtree_control'), change, 'hand its controllers down')
  }
  for (const setting of cgroupV2Settings(limits)) {
    if (!layout.controllers.includes(setting.controller)) throw controllerMissing(path, setting)
    applySetting(directory, setting)
  }
}

function applySetting(directory: string, setting: CgroupSetting): void {
  writeTo(join(directory, setting.file), setting.value, 'set the limit')
}

function writeTo(file: string, value: string, what: string): void {
  try {
    writeFileSync(file, value)
  } catch (error) {
    throw new Failure('SystemCallFailed', `${what}, write "${value}" to "${file}": ${messageOf(error)}`, {
      cause: error,
    })
  }
}

function controllerMissing(path: string, setting: CgroupSetting): Failure {
  return new Failure(
    'SystemCallFailed',
    `limit cgroup "${path}": this machine has no ${setting.controller} controller for ${setting.file}=${setting.value}; ` +
      `leave the limit out, or boot with the controller`,
  )
}

/** cgroup.kill is Linux 5.14 and newer. */
function killAtOnce(directory: string): boolean {
  try {
    writeFileSync(join(directory, 'cgroup.kill'), '1')
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

/** While frozen, a group can't fork faster than it is killed. Version 1 delivers SIGKILL after the thaw. */
function killOneByOne(layout: CgroupLayout, path: string, pids: readonly number[]): void {
  const freezer = layout.version === 1 ? layout.hierarchies.get('freezer') : undefined
  const frozen = freezer === undefined ? undefined : join(freezer, path)
  if (frozen !== undefined) writeIfThere(join(frozen, 'freezer.state'), 'FROZEN')
  try {
    for (const pid of new Set([...pids, ...cgroupProcesses(path, layout)])) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch (error) {
        if (errnoOf(error) !== 'ESRCH') throw error
      }
    }
  } finally {
    // A container that was paused on its own is frozen by its own group.
    for (const group of frozen === undefined ? [] : groupsBelow(frozen)) {
      writeIfThere(join(group, 'freezer.state'), 'THAWED')
    }
  }
}

function writeIfThere(file: string, value: string): void {
  try {
    writeFileSync(file, value)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
}

async function removeGroup(directory: string): Promise<void> {
  const endsAtMs = performance.now() + DEATH_LIMIT_MS
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      rmdirSync(directory)
      return
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return
      // EBUSY for a moment: its last process has exited but is not yet out of it.
      if (errnoOf(error) !== 'EBUSY' || performance.now() > endsAtMs) {
        const pids = processesIn(directory).join(', ')
        const left = pids === '' ? '' : `; processes in it: ${pids}`
        throw new Failure('SystemCallFailed', `remove cgroup "${directory}": ${messageOf(error)}${left}`, {
          cause: error,
        })
      }
    }
    await delay(pauseMs)
  }
}

/** A folder and all below it, parents first. */
function groupsBelow(directory: string): string[] {
  return [directory, ...childrenOf(directory).flatMap((name) => groupsBelow(join(directory, name)))]
}

function childrenOf(directory: string): string[] {
  return entriesOf(directory)
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}

function processesIn(directory: string): number[] {
  try {
    const pids = readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n').map(Number)
    // 0 stands for a process outside this PID namespace, and to signal 0 would mean ourselves.
    return pids.filter((pid) => pid > 0)
  } catch (error) {
    // ENODEV: the group was removed while it was read. EOPNOTSUPP: a threaded group, whose parent lists its processes.
    if (['ENOENT', 'ENODEV', 'EOPNOTSUPP'].includes(errnoOf(error) ?? '')) return []
    throw error
  }
}
