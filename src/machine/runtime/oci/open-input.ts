import { closeSync, constants as fsConstants, openSync, writeSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { Failure } from '../../../failure.ts'
import { libc } from '../../linux/libc.ts'
import { errnoOf, succeeded, systemCallFailure } from '../../linux/system-call-failure.ts'
import type { ContainerInput, TerminalSize } from '../container-streams.ts'
import { observeContainer, readPlan } from './container-record.ts'
import type { OciInstance } from './oci-instance.ts'
import { containerFiles } from './runtime-layout.ts'

const AF_UNIX = 1
const SOCK_SEQPACKET = 5
const SOCK_CLOEXEC = 0o2000000
const SHUT_RD = 0
const SHUT_WR = 1
const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000
/** conmon cuts off what is longer than 32 KiB. */
const LONGEST_PACKET_BYTES = 16_384
/** How long a container that does not read its input gets before it is asked again. */
const RETRY_MS = 5

/** Opens the input of a container's own program, which its conmon holds. What the program says stands in its log. */
export function openInput(instance: OciInstance, id: string): ContainerInput {
  const tried = `open the standard input of container "${id}"`
  const record = observeContainer(instance.layout, id)
  const plan = readPlan(containerFiles(instance.layout, id))
  if (record?.is !== 'running' || plan === undefined) throw new Failure('NotFound', `${tried}: it does not run`)
  const fd = connectTo(plan.directory, tried)
  let open = true
  const close = (): void => {
    if (open) closeSync(fd)
    open = false
  }
  const stdin = new Writable({
    write: (chunk: Buffer, _encoding, callback) => sendAll(chunk, callback),
    final(callback) {
      if (open) libc().shutdown(fd, SHUT_WR)
      callback()
    },
  })
  stdin.on('error', () => undefined)
  return { stdin, resize: (size) => resize(join(plan.directory, 'ctl'), size), close }

  function sendAll(chunk: Buffer, callback: (error?: Error | null) => void): void {
    for (let rest = chunk; rest.length > 0;) {
      const packet = rest.subarray(0, LONGEST_PACKET_BYTES)
      const sent = open ? libc().send(fd, packet, packet.length, MSG_DONTWAIT | MSG_NOSIGNAL) : -constants.errno.EPIPE
      if (sent === -constants.errno.EAGAIN) {
        setTimeout(() => sendAll(rest, callback), RETRY_MS)
        return
      }
      if (sent < 0) {
        callback(systemCallFailure(sent, tried))
        return
      }
      rest = rest.subarray(sent)
    }
    callback()
  }
}

/** The path of a Unix socket has at most 107 bytes: the one through our open directory is always short. */
function connectTo(directory: string, tried: string): number {
  const directoryFd = openSync(directory, fsConstants.O_DIRECTORY)
  try {
    const fd = succeeded(libc().socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), tried)
    const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(`/proc/self/fd/${directoryFd}/attach\0`)])
    const answer = libc().connect(fd, address, address.length)
    if (answer < 0) {
      closeSync(fd)
      throw systemCallFailure(answer, tried)
    }
    // conmon would send the output as well, and wait for us to read it.
    libc().shutdown(fd, SHUT_RD)
    return fd
  } finally {
    closeSync(directoryFd)
  }
}

function resize(controlFile: string, { columns, rows }: TerminalSize): void {
  let control: number
  try {
    control = openSync(controlFile, fsConstants.O_WRONLY | fsConstants.O_NONBLOCK)
  } catch (error) {
    // conmon has ended, or makes no such file for a container without a terminal.
    if (['ENXIO', 'ENOENT'].includes(errnoOf(error) ?? '')) return
    throw error
  }
  try {
    writeSync(control, `1 ${rows} ${columns}\n`)
  } finally {
    closeSync(control)
  }
}
