import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cgroupLayout } from '../../linux/cgroup-layout.ts'
import type { OciMachine } from './oci-config.ts'
import type { OciDevice } from './oci-spec.ts'

/** In the order of their numbers. @see capabilities(7) */
const CAPABILITIES =
  `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
   NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
   SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
   MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`
    .trim()
    .split(/\s+/)
    .map((name) => `CAP_${name}`)

const OOM_SCORE_FILE = '/proc/self/oom_score_adj'
const LOWEST_OOM_SCORE_ADJ = -1000
const S_IFMT = 0o170000
const S_IFCHR = 0o020000
const S_IFBLK = 0o060000

/** What this machine allows us; asked once per opened runtime. */
export function observeMachine(): OciMachine {
  const layout = cgroupLayout()
  return {
    architecture: process.arch,
    cgroupVersion: layout.version === 2 ? 2 : 1,
    limitsSwap: limitsSwap(),
    lowestOomScoreAdj: probeLowestOomScoreAdj(),
    mostOpenFiles: parseMostOpenFiles(readFileSync('/proc/self/limits', 'utf8')),
    capabilities: parseCapabilities(readFileSync('/proc/self/status', 'utf8')),
    devices: listDevices('/dev'),
  }
}

/**
 * The lowest oom_score_adj that the kernel lets us have: below the one that a process was born with it takes
 * CAP_SYS_RESOURCE in the first user namespace. Asked by trying, which changes nothing that lasts.
 */
function probeLowestOomScoreAdj(): number {
  const own = readFileSync(OOM_SCORE_FILE, 'utf8')
  for (const wanted of [LOWEST_OOM_SCORE_ADJ, 0]) {
    if (wanted >= Number(own)) break
    try {
      writeFileSync(OOM_SCORE_FILE, String(wanted))
      writeFileSync(OOM_SCORE_FILE, own)
      return wanted
    } catch (error) {
      if (!['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
  return Number(own)
}

/** @param status /proc/self/status */
export function parseCapabilities(status: string): string[] {
  const held = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)
  return CAPABILITIES.filter((_, number) => (held >> BigInt(number)) & 1n)
}

/** @param limits /proc/self/limits */
export function parseMostOpenFiles(limits: string): number {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1]
  return hard === undefined || hard === 'unlimited' ? Infinity : Number(hard)
}

function limitsSwap(): boolean {
  const layout = cgroupLayout()
  if (layout.version === 2) {
    // The root group has no limits; every group right below it has the file, if any has.
    return readdirSync(layout.root).some((name) => existsSync(join(layout.root, name, 'memory.swap.max')))
  }
  const memory = layout.version === 1 ? layout.hierarchies.get('memory') : undefined
  return memory !== undefined && existsSync(join(memory, 'memory.memsw.limit_in_bytes'))
}

/** Device nodes, but for what every container gets anew: terminals, shared memory and message queues. */
function listDevices(directory: string): OciDevice[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return OWN_OF_CONTAINER.includes(entry.name) ? [] : listDevices(path)
    if (!entry.isCharacterDevice() && !entry.isBlockDevice()) return []
    if (path === '/dev/console') return []
    return deviceAt(path)
  })
}

const OWN_OF_CONTAINER = ['pts', 'shm', 'fd', 'mqueue']

function deviceAt(path: string): OciDevice[] {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return []
  const kind = stat.mode & S_IFMT
  if (kind !== S_IFCHR && kind !== S_IFBLK) return []
  const { rdev, uid, gid } = stat
  return [
    {
      path,
      type: kind === S_IFCHR ? 'c' : 'b',
      // glibc's gnu_dev_major and gnu_dev_minor, for the numbers that fit into 32 bits.
      major: (rdev >>> 8) & 0xfff,
      minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00),
      fileMode: stat.mode & 0o7777,
      uid,
      gid,
    },
  ]
}
