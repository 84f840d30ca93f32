import { closeSync, constants, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs'
import type { RuntimeKind } from './oci-instance.ts'

/** Where a created container waits for its go-ahead. */
export interface StartFifo extends Disposable {
  /** Tries to pass the go-ahead; false while the other side is not there yet. */
  passed(): boolean
  /** The container counts as started from now on, also for the runtime's own commands. */
  remove(): void
}

/**
 * With runc the container's process writes one byte to whoever opens the fifo for reading; with crun it waits for one.
 *
 * @param path `exec.fifo` in the runtime's state of the container.
 */
export function openStartFifo(kind: RuntimeKind, path: string): StartFifo {
  let fd: number | undefined
  const open = () => {
    fd ??= openIfReady(path, kind === 'runc' ? constants.O_RDONLY : constants.O_WRONLY)
    return fd
  }
  return {
    passed() {
      const opened = open()
      if (opened === undefined) return false
      return kind === 'runc' ? readSome(opened) : writeSync(opened, '\0') === 1
    },
    remove: () => rmSync(path, { force: true }),
    [Symbol.dispose]() {
      if (fd !== undefined) closeSync(fd)
    },
  }
}

/** Which file a process executes; undefined when it has ended. */
export function executableOf(pid: number): string | undefined {
  try {
    const { dev, ino } = statSync(`/proc/${pid}/exe`)
    return `${dev}:${ino}`
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

/** Never blocks: ENXIO says that the other side has not opened it yet. */
function openIfReady(path: string, flags: number): number | undefined {
  try {
    return openSync(path, flags | constants.O_NONBLOCK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENXIO') return undefined
    throw error
  }
}

function readSome(fd: number): boolean {
  try {
    return readSync(fd, Buffer.alloc(1)) > 0
  } catch (error) {
    // The other side has opened it and not written yet.
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false
    throw error
  }
}
