import { closeSync, constants, openSync } from 'node:fs'
import { libc } from './libc.ts'
import { succeeded } from './system-call-failure.ts'

const { O_RDWR, O_NOCTTY, O_NONBLOCK } = constants
const TCGETS = 0x5401
const TCSETS = 0x5402
const TIOCSWINSZ = 0x5414
const TIOCSPTLCK = 0x40045431
const TIOCGPTN = 0x80045430
/** struct termios of the kernel: four numbers of flags, then single bytes. */
const TERMIOS_BYTES = 64
const VTIME_AT = 22
const VMIN_AT = 23

/** Both ends are the caller's to close; no child inherits them unless it is given them. */
export interface PseudoTerminal {
  /** Never waits: a write answers EAGAIN while the other end takes nothing. */
  readonly masterFd: number
  /** The end for a program: raw, so that nothing is echoed or changed. */
  readonly slaveFd: number
}

export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

export function openPseudoTerminal(): PseudoTerminal {
  const masterFd = openSync('/dev/ptmx', O_RDWR | O_NOCTTY | O_NONBLOCK)
  try {
    succeeded(libc().ioctl(masterFd, TIOCSPTLCK, new Uint8Array(4)), 'unlock a terminal')
    const number = Buffer.alloc(4)
    succeeded(libc().ioctl(masterFd, TIOCGPTN, number), 'ask a terminal for its number')
    const slaveFd = openSync(`/dev/pts/${number.readUInt32LE()}`, O_RDWR | O_NOCTTY)
    makeRaw(slaveFd)
    return { masterFd, slaveFd }
  } catch (error) {
    closeSync(masterFd)
    throw error
  }
}

/** Either end will do. The programs on the terminal get SIGWINCH when it is theirs. */
export function setTerminalSize(fd: number, { columns, rows }: TerminalSize): void {
  const size = Buffer.alloc(8)
  size.writeUInt16LE(rows, 0)
  size.writeUInt16LE(columns, 2)
  succeeded(libc().ioctl(fd, TIOCSWINSZ, size), 'set the size of a terminal')
}

/** @see cfmakeraw(3) */
function makeRaw(fd: number): void {
  const termios = Buffer.alloc(TERMIOS_BYTES)
  succeeded(libc().ioctl(fd, TCGETS, termios), 'ask a terminal for its settings')
  const clear = (at: number, flags: number): void =>
    void termios.writeUInt32LE((termios.readUInt32LE(at) & ~flags) >>> 0, at)
  // IGNBRK BRKINT PARMRK ISTRIP INLCR IGNCR ICRNL IXON
  clear(0, 0o2753)
  // OPOST
  clear(4, 0o1)
  // ECHO ECHONL ICANON ISIG IEXTEN
  clear(12, 0o100113)
  termios.writeUInt8(0, VTIME_AT)
  termios.writeUInt8(1, VMIN_AT)
  succeeded(libc().ioctl(fd, TCSETS, termios), 'make a terminal raw')
}
