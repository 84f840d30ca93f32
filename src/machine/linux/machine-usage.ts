import { readFileSync } from 'node:fs'
import type { CgroupUsage } from './cgroup-usage.ts'

/** The kernel tells programs times in hundredths of a second, whatever it counts in itself. */
const TICK_NANOSECONDS = 10_000_000
/** The columns of /proc/stat in which a CPU does nothing; guests' time is in `user` already. See proc_stat(5). */
const [IDLE, IOWAIT, GUEST] = [3, 4, 8]

/** What all processes of the machine and its kernel have used, in the terms of a cgroup. */
export function readMachineUsage(): CgroupUsage {
  return {
    cpuNanoseconds: parseProcStat(readFileSync('/proc/stat', 'latin1')),
    workingSetBytes: parseMeminfo(readFileSync('/proc/meminfo', 'latin1')),
  }
}

/** Nanoseconds in which a CPU was at work, of all CPUs, since the start of the machine. */
export function parseProcStat(text: string): number {
  const [, columns = ''] = /^cpu +(.*)$/m.exec(text) ?? []
  const ticks = columns.split(' ').map(Number)
  const busy = ticks.filter((_each, at) => at !== IDLE && at !== IOWAIT && at < GUEST)
  return busy.reduce((sum, each) => sum + each, 0) * TICK_NANOSECONDS
}

/** Bytes that are held, without file pages that the kernel could drop at once: what a kubelet says of its node. */
export function parseMeminfo(text: string): number {
  const bytesOf = (name: string): number => Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024
  return Math.max(0, bytesOf('MemTotal') - bytesOf('MemFree') - bytesOf('Inactive\\(file\\)'))
}
