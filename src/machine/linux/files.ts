import { closeSync, constants as fsConstants, openSync } from 'node:fs'
import { constants } from 'node:os'
import { libc } from './libc.ts'
import { succeeded } from './system-call-failure.ts'

const S_IFCHR = 0o020000
const RESOLVE_NO_MAGICLINKS = 0x02n
const RESOLVE_BENEATH = 0x08n
const RESOLVE_IN_ROOT = 0x10n
const FS_IOC_GETFLAGS = 0x80086601
const FS_IOC_SETFLAGS = 0x40086602
const FS_IMMUTABLE_FL = 0x10
const FS_APPEND_FL = 0x20
const LONGEST_ATTRIBUTE_BYTES = 256

/**
 * Makes a character device.
 *
 * @param mode permission bits, such as 0o666; the umask applies.
 */
export function makeNode(path: string, mode: number, device: { readonly major: number; readonly minor: number }): void {
  const { major, minor } = device
  // glibc's gnu_dev_makedev for the numbers that fit into 32 bits.
  const number = ((major & 0xfff) << 8) | (minor & 0xff) | ((minor & 0xfff00) << 12)
  succeeded(libc().mknod(path, S_IFCHR | mode, number), `make device ${major}:${minor} at "${path}"`)
}

/** Sets an extended attribute, such as `trusted.overlay.opaque`, of the file itself even if it is a symbolic link. */
export function setExtendedAttribute(path: string, name: string, value: string | Uint8Array): void {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  succeeded(libc().lsetxattr(path, name, bytes, bytes.length, 0), `set attribute ${name} of "${path}"`)
}

/** The value of an extended attribute of the file itself, up to 256 bytes; undefined when it has none of this name. */
export function getExtendedAttribute(path: string, name: string): Buffer | undefined {
  const value = Buffer.alloc(LONGEST_ATTRIBUTE_BYTES)
  const length = libc().lgetxattr(path, name, value, value.length)
  if (length === -constants.errno.ENODATA || length === -constants.errno.EOPNOTSUPP) return undefined
  return value.subarray(0, succeeded(length, `get attribute ${name} of "${path}"`))
}

/**
 * Opens a file that is surely below `rootDir`, whatever symbolic links are on the way and however they change meanwhile.
 *
 * @param flags open(2) flags; O_CLOEXEC is added.
 * @param options escapes `refuse` (the default): a link that points outside, also by an absolute path or by `..`, is
 *   EXDEV. `clamp`: links resolve as if `rootDir` were `/`, as they do for the programs of a container.
 * @returns a file descriptor, the caller's to close. `/proc/self/fd/N` names the file wherever a path is wanted.
 */
export function openBeneath(
  rootDir: string,
  relativePath: string,
  flags: number,
  options: { readonly escapes?: 'refuse' | 'clamp'; readonly mode?: number } = {},
): number {
  const root = openSync(rootDir, fsConstants.O_DIRECTORY)
  try {
    const resolve = (options.escapes === 'clamp' ? RESOLVE_IN_ROOT : RESOLVE_BENEATH) | RESOLVE_NO_MAGICLINKS
    return succeeded(
      openAt(root, relativePath, { flags, mode: options.mode ?? 0, resolve }),
      `open "${relativePath}" below "${rootDir}"`,
    )
  } finally {
    closeSync(root)
  }
}

/** openat2(2): a file descriptor or a negative errno. */
export function openAt(
  directoryFd: number,
  path: string,
  how: { readonly flags: number; readonly mode?: number; readonly resolve: bigint },
): number {
  const flags = BigInt(how.flags) | BigInt(O_CLOEXEC)
  const openHow = new BigUint64Array([flags, BigInt(how.mode ?? 0), how.resolve])
  // '' is the directory itself.
  return libc().openat2(directoryFd, path === '' ? '.' : path, new Uint8Array(openHow.buffer))
}

const O_CLOEXEC = 0o2000000

/** Takes the immutable and append-only flags off an open file, as chattr -i -a does. Not every file system has them. */
export function clearImmutable(fd: number): void {
  const value = new Int32Array(2)
  const bytes = new Uint8Array(value.buffer)
  const flags = libc().ioctl(fd, FS_IOC_GETFLAGS, bytes)
  if (flags < 0) return
  value[0] = (value[0] ?? 0) & ~(FS_IMMUTABLE_FL | FS_APPEND_FL)
  succeeded(libc().ioctl(fd, FS_IOC_SETFLAGS, bytes), 'clear the immutable flag')
}
