import { libc } from './libc.ts'
import { succeeded } from './system-call-failure.ts'

const O_CLOEXEC = 0o2000000
const F_SETPIPE_SZ = 1031
/** What a user may ask for without more rights: sixteen times what a pipe holds by itself, for fewer turns. */
const ROOMY_BYTES = 1_048_576

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

/** A pipe for many bytes: it holds more of them, where the kernel allows that. */
export function openRoomyPipe(): OpenPipe {
  const pipe = openPipe()
  // A user who has many pipes may get no more room: the pipe is as good, only slower.
  libc().fcntl(pipe.writeFd, F_SETPIPE_SZ, ROOMY_BYTES)
  return pipe
}
