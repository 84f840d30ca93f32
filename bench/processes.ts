import { readdirSync, readFileSync } from 'node:fs'

const KIB_PER_MB = 1000 / 1.024

/** The largest memory that a process ever had resident, in MB (10^6 bytes); undefined when it has ended. */
export function peakMemoryMb(pid: number): number | undefined {
  return readKib(`/proc/${pid}/status`, 'VmHWM')
}

/** What a process has resident, its part of shared pages counted as its share of them, in MB. */
export function proportionalMemoryMb(pid: number): number | undefined {
  return readKib(`/proc/${pid}/smaps_rollup`, 'Pss')
}

export function residentMemoryMb(pid: number): number | undefined {
  return readKib(`/proc/${pid}/status`, 'VmRSS')
}

/** Processes whose program has this name and whose command line holds this text. */
export function findProcesses(name: string, argument: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      const words = readOr(`/proc/${pid}/cmdline`, '').split('\0')
      return words[0]?.split('/').at(-1) === name && words.some((word) => word.includes(argument))
    })
}

function readKib(file: string, field: string): number | undefined {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readOr(file, ''))?.[1]
  return found === undefined ? undefined : Number(found) / KIB_PER_MB
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return otherwise
    throw error
  }
}
