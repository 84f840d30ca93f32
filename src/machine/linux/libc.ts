import { createRequire } from 'node:module'
import type * as Koffi from 'koffi'

/** openat2 and mount_setattr are younger than many C libraries; their numbers are the same on every architecture. */
const SYS_OPENAT2 = 437
const SYS_MOUNT_SETATTR = 442

/** The kernel's answer: 0 or more, or the negative errno. */
export type Answer = number

/** The system calls that Node does not offer. All are synchronous and act on the calling thread. */
export interface Libc {
  mount(source: string | null, target: string, type: string | null, flags: number, data: string | null): Answer
  umount2(target: string, flags: number): Answer
  mountSetattr(dirFd: number, path: string, flags: number, attributes: Uint8Array): Answer
  openat2(dirFd: number, path: string, how: Uint8Array): Answer
  flock(fd: number, operation: number): Answer
  mknod(path: string, mode: number, device: number): Answer
  lsetxattr(path: string, name: string, value: Uint8Array, size: number, flags: number): Answer
  lgetxattr(path: string, name: string, value: Uint8Array, size: number): Answer
  ioctl(fd: number, request: number, argument: Uint8Array): Answer
  unshare(flags: number): Answer
  setns(fd: number, type: number): Answer
  sethostname(name: string, length: number): Answer
  socket(domain: number, type: number, protocol: number): Answer
  bind(fd: number, address: Uint8Array, length: number): Answer
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): Answer
  connect(fd: number, address: Uint8Array, length: number): Answer
  send(fd: number, data: Uint8Array, length: number, flags: number): Answer
  recv(fd: number, data: Uint8Array, length: number, flags: number): Answer
  shutdown(fd: number, how: number): Answer
  fcntl(fd: number, command: number, argument: number): Answer
  pipe2(fds: Uint8Array, flags: number): Answer
}

let bound: Libc | undefined

/** Bound on first use: loading koffi takes about 10 ms, which commands that touch no kernel object need not pay. */
export function libc(): Libc {
  bound ??= bindLibc()
  return bound
}

function bindLibc(): Libc {
  const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi
  const library = koffi.load(null)
  const bindFunction = (name: string, result: string, types: readonly string[]) => {
    const call = library.func(name, result, [...types]) as (...args: unknown[]) => number
    return (...args: unknown[]): Answer => {
      const value = call(...args)
      return value < 0 ? -koffi.errno() : value
    }
  }
  const syscall = (number: number, types: readonly string[]) => {
    const call = bindFunction('syscall', 'long', ['long', ...types])
    return (...args: unknown[]) => call(number, ...args)
  }
  const openat2 = syscall(SYS_OPENAT2, ['int', 'str', 'void *', 'size_t'])
  const mountSetattr = syscall(SYS_MOUNT_SETATTR, ['int', 'str', 'uint', 'void *', 'size_t'])
  return {
    mount: bindFunction('mount', 'int', ['str', 'str', 'str', 'ulong', 'str']),
    umount2: bindFunction('umount2', 'int', ['str', 'int']),
    mountSetattr: (dirFd, path, flags, attributes) => mountSetattr(dirFd, path, flags, attributes, attributes.length),
    openat2: (dirFd, path, how) => openat2(dirFd, path, how, how.length),
    flock: bindFunction('flock', 'int', ['int', 'int']),
    mknod: bindFunction('mknod', 'int', ['str', 'uint', 'ulong']),
    lsetxattr: bindFunction('lsetxattr', 'int', ['str', 'str', 'void *', 'size_t', 'int']),
    lgetxattr: bindFunction('lgetxattr', 'long', ['str', 'str', 'void *', 'size_t']),
    ioctl: bindFunction('ioctl', 'int', ['int', 'ulong', 'void *']),
    unshare: bindFunction('unshare', 'int', ['int']),
    setns: bindFunction('setns', 'int', ['int', 'int']),
    sethostname: bindFunction('sethostname', 'int', ['str', 'size_t']),
    socket: bindFunction('socket', 'int', ['int', 'int', 'int']),
    bind: bindFunction('bind', 'int', ['int', 'void *', 'uint']),
    setsockopt: bindFunction('setsockopt', 'int', ['int', 'int', 'int', 'void *', 'uint']),
    connect: bindFunction('connect', 'int', ['int', 'void *', 'uint']),
    send: bindFunction('send', 'long', ['int', 'void *', 'size_t', 'int']),
    recv: bindFunction('recv', 'long', ['int', 'void *', 'size_t', 'int']),
    fcntl: bindFunction('fcntl', 'int', ['int', 'int', 'long']),
    shutdown: bindFunction('shutdown', 'int', ['int', 'int']),
    pipe2: bindFunction('pipe2', 'int', ['void *', 'int']),
  }
}
