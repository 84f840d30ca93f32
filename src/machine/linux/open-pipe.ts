import { libc } from './libc.ts'
import { succeeded } from './system-call-failure.ts'

const O_CLOEXEC = 0o2000000

/** Both ends are the caller's to close; no child inherits them unless it is given them. */
export interface OpenPipe {
  readonly readFd: number
  readonly writeFd: number
}

/**
 * A pipe of the kernel. What child_process calls a pipe is a socket pair: a program that opens /dev/stdout again, as shell
 * scripts do, gets ENXIO there.
 */
export function openPipe(): OpenPipe {
  const fds = new Int32Array(2)
  succeeded(libc().pipe2(new Uint8Array(fds.buffer), O_CLOEXEC), 'make a pipe')
  const [readFd = -1, writeFd = -1] = fds
  return { readFd, writeFd }
}
