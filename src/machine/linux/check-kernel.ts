import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { release } from 'node:os'
import { dirname, join } from 'node:path'
import { messageOf } from '../../failure.ts'
import { type CgroupLayout, cgroupLayout } from './cgroup-layout.ts'
import type { Check } from './check.ts'
import { mountOverlay, unmount } from './mount.ts'

/** mount_setattr(2), openat2(2). */
const OLDEST_KERNEL = [5, 12] as const
const CAP_SYS_ADMIN = 21n
const CAP_SYS_RESOURCE = 24n
const CAP_NET_ADMIN = 12n
const LITTLE_SPACE_BYTES = 1024 ** 3
const NEEDED_CONTROLLERS = ['cpu', 'memory', 'pids']

/** What peapod needs of the kernel and of its own rights. Changes nothing; the overlay is mounted for a moment. */
export function checkKernel(stateDirectory: string): Check[] {
  const status = readFileSync('/proc/self/status', 'utf8')
  const capabilities = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`)
  const isRoot = process.geteuid?.() === 0
  return [
    checkRoot(isRoot, capabilities),
    checkVersion(release()),
    isRoot ? checkOverlay(nearestExisting(stateDirectory)) : unknownWithoutRoot('overlay'),
    checkNamespaces(),
    checkCgroups(cgroupLayout()),
    checkOomScore(capabilities),
    checkDisk(nearestExisting(stateDirectory)),
  ]
}

/** @param capabilities effective set, one bit each. @see capabilities(7) */
export function checkRoot(isRoot: boolean, capabilities: bigint): Check {
  const name = 'root'
  if (!isRoot) return { name, is: 'missing', detail: 'not root', remedy: 'run with sudo' }
  const lacking = [['CAP_SYS_ADMIN', CAP_SYS_ADMIN] as const, ['CAP_NET_ADMIN', CAP_NET_ADMIN] as const].filter(
    ([, bit]) => !hasCapability(capabilities, bit),
  )
  if (lacking.length === 0) return { name, is: 'ok', detail: 'root, with the capabilities that containers need' }
  const detail = `root without ${lacking.map(([capability]) => capability).join(' and ')}`
  return { name, is: 'missing', detail, remedy: 'run outside of a container, or in a privileged one' }
}

/** @param kernelRelease such as `6.1.0-21-amd64`. */
export function checkVersion(kernelRelease: string): Check {
  const [major = 0, minor = 0] = kernelRelease.split('.').map((part) => parseInt(part, 10))
  const [oldestMajor, oldestMinor] = OLDEST_KERNEL
  const isNewEnough = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
  const oldest = OLDEST_KERNEL.join('.')
  return isNewEnough
    ? { name: 'kernel', is: 'ok', detail: `Linux ${kernelRelease}` }
    : {
        name: 'kernel',
        is: 'missing',
        detail: `Linux ${kernelRelease} is too old`,
        remedy: `use Linux ${oldest} or newer`,
      }
}

export function checkCgroups(layout: CgroupLayout): Check {
  const name = 'cgroups'
  if (layout.version === 'none') {
    return {
      name,
      is: 'missing',
      detail: 'no cgroup file system is mounted',
      remedy: 'mount -t cgroup2 none /sys/fs/cgroup',
    }
  }
  const have = layout.version === 2 ? layout.controllers : [...layout.hierarchies.keys()]
  const lacking = NEEDED_CONTROLLERS.filter((controller) => !have.includes(controller))
  const version = `version ${layout.version}${layout.version === 1 && layout.unified !== undefined ? ' (hybrid)' : ''}`
  if (lacking.length === 0) return { name, is: 'ok', detail: `${version} with ${NEEDED_CONTROLLERS.join(', ')}` }
  return {
    name,
    is: 'warning',
    detail: `${version} without ${lacking.join(', ')}: pods with limits on it are refused`,
    remedy: `boot with cgroup_enable=${lacking.join(',')}`,
  }
}

export function checkOomScore(capabilities: bigint): Check {
  const name = 'oom score'
  if (hasCapability(capabilities, CAP_SYS_RESOURCE))
    return { name, is: 'ok', detail: 'may be lowered for important pods' }
  const detail = 'without CAP_SYS_RESOURCE no process can be protected from the out-of-memory killer'
  return { name, is: 'warning', detail, remedy: 'give it CAP_SYS_RESOURCE, or live with it' }
}

function checkOverlay(directory: string): Check {
  const name = 'overlay'
  const root = mkdtempSync(join(directory, '.peapod-overlay-check-'))
  try {
    const [lower = '', upperDir = '', workDir = '', target = ''] = ['lower', 'upper', 'work', 'target'].map((each) => {
      mkdirSync(join(root, each))
      return join(root, each)
    })
    mountOverlay(target, { lowerDirs: [lower], writable: { upperDir, workDir } })
    unmount(target)
    return { name, is: 'ok', detail: `works on "${directory}"` }
  } catch (error) {
    const remedy =
      'modprobe overlay; or put the state directory on ext4, xfs or btrfs, not on an overlay or network disk'
    return { name, is: 'missing', detail: messageOf(error), remedy }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

function checkNamespaces(): Check {
  const lacking = ['net', 'ipc', 'uts', 'pid', 'mnt'].filter((kind) => !existsSync(`/proc/self/ns/${kind}`))
  if (lacking.length === 0) return { name: 'namespaces', is: 'ok', detail: 'network, ipc, uts, pid and mount' }
  const detail = `the kernel has no ${lacking.join(', ')} namespaces`
  return { name: 'namespaces', is: 'missing', detail, remedy: 'use a kernel of a common distribution' }
}

function checkDisk(directory: string): Check {
  const { bsize, bavail } = statfsSync(directory)
  const freeBytes = bsize * bavail
  const detail = `${(freeBytes / 1024 ** 3).toFixed(1)} GiB free at "${directory}"`
  if (freeBytes >= LITTLE_SPACE_BYTES) return { name: 'disk', is: 'ok', detail }
  return { name: 'disk', is: 'warning', detail, remedy: 'free some space: peapod image prune' }
}

function unknownWithoutRoot(name: string): Check {
  return { name, is: 'missing', detail: 'only root can tell', remedy: 'run with sudo' }
}

function hasCapability(capabilities: bigint, bit: bigint): boolean {
  return ((capabilities >> bit) & 1n) === 1n
}

function nearestExisting(path: string): string {
  return existsSync(path) || path === '/' ? path : nearestExisting(dirname(path))
}
