import { closeSync, fchmodSync, fchownSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { type OpenPipe, openRoomyPipe } from '../../linux/open-pipe.ts'
import type { OciConfig } from './oci-spec.ts'
import type { ExecStdio } from './start-exec.ts'

type User = OciConfig['process']['user']

/** The program's user may open `/dev/stdout` again. @returns the same descriptor. */
export function giveToUser(fd: number, user: Pick<User, 'uid' | 'gid'>): number {
  fchownSync(fd, user.uid, user.gid)
  fchmodSync(fd, 0o600)
  return fd
}

/** The pipes of one program. */
export interface ExecPipes {
  /** The program's ends. */
  stdio(user: User): ExecStdio
  /** Once the program has its ends: closes them here. @returns ours. */
  streams(): { readonly stdin: Writable | undefined; readonly stdout: Readable; readonly stderr: Readable }
  /** Instead: closes all of them. */
  discard(): void
}

export function openExecPipes(withInput: boolean): ExecPipes {
  const input = withInput ? openRoomyPipe() : undefined
  const [output, error] = [openRoomyPipe(), openRoomyPipe()]
  const theirs = [input?.readFd, output.writeFd, error.writeFd].filter((fd) => fd !== undefined)
  return {
    stdio(user) {
      for (const fd of theirs) giveToUser(fd, user)
      return [input?.readFd ?? 'ignore', output.writeFd, error.writeFd]
    },
    streams() {
      theirs.forEach((fd) => closeSync(fd))
      const [stdout, stderr] = [readerOf(output), readerOf(error)]
      return { stdin: input === undefined ? undefined : writerOf(input), stdout, stderr }
    },
    discard() {
      const ours = [input?.writeFd, output.readFd, error.readFd].filter((fd) => fd !== undefined)
      for (const fd of [...theirs, ...ours]) closeSync(fd)
    },
  }
}

function readerOf({ readFd }: OpenPipe): Socket {
  return quiet(new Socket({ fd: readFd, readable: true, writable: false }))
}

function writerOf({ writeFd }: OpenPipe): Socket {
  return quiet(new Socket({ fd: writeFd, readable: false, writable: true }))
}

/** EPIPE and the like are seen by whoever reads or writes at that moment; if nobody does, nobody asks. */
function quiet(socket: Socket): Socket {
  return socket.on('error', () => undefined)
}
