import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** What a server has of the machine, apart from what its pods have. */
export interface Footprint {
  readonly openFiles: number
  readonly memoryKib: number
  readonly threads: number
  readonly children: number
  readonly mounts: number
  /** Files and directories below the state directory. */
  readonly files: number
  readonly databaseKib: number
}

/** @param pid of the server. */
export function footprintOf(pid: number, stateDirectory: string): Footprint {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const server = join(stateDirectory, 'instances', 'server')
  return {
    openFiles: readdirSync(`/proc/${pid}/fd`).length,
    memoryKib: numberIn(status, 'VmRSS'),
    threads: numberIn(status, 'Threads'),
    children: readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).length,
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').split(`${stateDirectory}/`).length - 1,
    files: readdirSync(stateDirectory, { recursive: true }).length,
    databaseKib: [join(server, 'store.db'), join(server, 'store.db-wal')].reduce((sum, file) => sum + sizeKib(file), 0),
  }
}

function numberIn(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1])
}

function sizeKib(file: string): number {
  return Math.ceil((statSync(file, { throwIfNoEntry: false })?.size ?? 0) / 1024)
}
