import { closeSync, constants as fsConstants, openSync } from 'node:fs'
import { constants } from 'node:os'
import { Failure } from '../../failure.ts'
import { libc } from './libc.ts'
import { succeeded } from './system-call-failure.ts'

const MS_NOSUID = 0x2
const MS_NODEV = 0x4
const MS_NOEXEC = 0x8
const MS_BIND = 0x1000
const MS_REC = 0x4000
const MNT_DETACH = 2
const UMOUNT_NOFOLLOW = 8
const MOUNT_ATTR_RDONLY = 1n
const AT_FDCWD = -100
const AT_RECURSIVE = 0x8000
const O_PATH = 0x200000
const PROPAGATION = { private: 1 << 18, slave: 1 << 19, shared: 1 << 20 } as const

/** mount(2) copies one page of options; the last byte is the end mark. */
const OPTIONS_LIMIT_BYTES = 4095

export interface OverlayDirectories {
  /** Topmost first; two or more for a read-only overlay. */
  readonly lowerDirs: readonly string[]
  /** The writable layer and the kernel's work space on the same file system; absent: the overlay is read-only. */
  readonly writable?: { readonly upperDir: string; readonly workDir: string }
  /** Never sync the writable layer: faster, and after a crash of the machine its content is undefined. */
  readonly volatile?: boolean
}

/** Mounts an overlay of up to about 200 lower directories, whatever characters their paths hold. */
export function mountOverlay(target: string, directories: OverlayDirectories): void {
  const plain = overlayOptions(directories)
  if (plain !== undefined) {
    mountFilesystem('overlay', target, { options: plain })
    return
  }
  // Directories that are open go by short names, which also need no escapes.
  const fds: number[] = []
  const shorten = (path: string): string => {
    const fd = openSync(path, O_PATH | fsConstants.O_DIRECTORY)
    fds.push(fd)
    return `/proc/self/fd/${fd}`
  }
  try {
    const options = overlayOptions({
      ...directories,
      lowerDirs: directories.lowerDirs.map(shorten),
      ...(directories.writable === undefined
        ? {}
        : {
            writable: {
              upperDir: shorten(directories.writable.upperDir),
              workDir: shorten(directories.writable.workDir),
            },
          }),
    })
    if (options === undefined) {
      throw new Failure(
        'SystemCallFailed',
        `mount overlay on "${target}": ${directories.lowerDirs.length} layers are too many`,
      )
    }
    mountFilesystem('overlay', target, { options })
  } finally {
    fds.forEach((fd) => closeSync(fd))
  }
}

/** The option string, or undefined when the kernel would misread these paths or cut the string off. */
export function overlayOptions(directories: OverlayDirectories): string | undefined {
  const { lowerDirs, writable } = directories
  const paths = writable === undefined ? lowerDirs : [...lowerDirs, writable.upperDir, writable.workDir]
  if (paths.some((path) => /[,:\\]/.test(path))) return undefined
  const upper = writable === undefined ? '' : `,upperdir=${writable.upperDir},workdir=${writable.workDir}`
  const options = `lowerdir=${lowerDirs.join(':')}${upper}${directories.volatile === true ? ',volatile' : ''}`
  return Buffer.byteLength(options) > OPTIONS_LIMIT_BYTES ? undefined : options
}

export interface BindOptions {
  /** `recursive`: the mounts below the source as well, as Kubernetes' recursiveReadOnly asks. */
  readonly readOnly?: boolean | 'recursive'
  /** Take along what is mounted below the source. */
  readonly recursive?: boolean
  /** Default: private. */
  readonly propagation?: keyof typeof PROPAGATION
}

/** Makes `source` (a directory or a file) visible at `target`, which exists and is of the same kind. */
export function bindMount(source: string, target: string, options: BindOptions = {}): void {
  const tried = `bind "${source}" to "${target}"`
  const recursive = options.recursive === true ? MS_REC : 0
  succeeded(libc().mount(source, target, null, MS_BIND | recursive, null), tried)
  try {
    const propagation = PROPAGATION[options.propagation ?? 'private']
    succeeded(libc().mount(null, target, null, propagation | recursive, null), `${tried}, set propagation`)
    if (options.readOnly !== undefined && options.readOnly !== false)
      makeReadOnly(target, options.readOnly === 'recursive')
  } catch (error) {
    unmount(target, { detach: true })
    throw error
  }
}

/** Makes a mount read-only and leaves its other flags (nosuid, noexec …) as they are. */
function makeReadOnly(target: string, recursive: boolean): void {
  // struct mount_attr: attr_set, attr_clr, propagation, userns_fd
  const attributes = new BigUint64Array([MOUNT_ATTR_RDONLY, 0n, 0n, 0n])
  const bytes = new Uint8Array(attributes.buffer)
  const answer = libc().mountSetattr(AT_FDCWD, target, recursive ? AT_RECURSIVE : 0, bytes)
  succeeded(answer, `make the mount "${target}" read-only`)
}

/** A file system in memory: no devices, no set-user-ID, no programs to execute unless `executable`. */
export function mountTmpfs(
  target: string,
  options: { readonly sizeBytes?: number; readonly mode?: number; readonly executable?: boolean } = {},
): void {
  const settings = [
    ...(options.sizeBytes === undefined ? [] : [`size=${options.sizeBytes}`]),
    `mode=${(options.mode ?? 0o1777).toString(8)}`,
  ]
  const flags = MS_NOSUID | MS_NODEV | (options.executable === true ? 0 : MS_NOEXEC)
  mountFilesystem('tmpfs', target, { options: settings.join(','), flags })
  // What is mounted below it later is not to show up, and be held, in other mount namespaces of the machine.
  succeeded(libc().mount(null, target, null, PROPAGATION.private, null), `make the mount "${target}" private`)
}

/**
 * Unmounts the topmost mount at this very path. Nothing mounted there, or no such path, is fine: it is what was asked for.
 *
 * @param options detach: also when it is in use; it then vanishes from view now and ends with its last user.
 */
export function unmount(target: string, options: { readonly detach?: boolean } = {}): void {
  const answer = libc().umount2(target, UMOUNT_NOFOLLOW | (options.detach === true ? MNT_DETACH : 0))
  if (answer === -constants.errno.EINVAL || answer === -constants.errno.ENOENT) return
  succeeded(answer, `unmount "${target}"`)
}

function mountFilesystem(
  type: string,
  target: string,
  settings: { readonly options: string; readonly flags?: number },
): void {
  succeeded(libc().mount(type, target, type, settings.flags ?? 0, settings.options), `mount ${type} on "${target}"`)
}
