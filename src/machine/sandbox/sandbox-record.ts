import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf } from '../linux/system-call-failure.ts'
import type { PortForward } from './nftables-rules.ts'
import type { Sandbox, SandboxPlan } from './sandbox.ts'

/** What a sandbox's directory tells of it. It is written before anything is made, so that all of it can be removed. */
export interface SandboxRecord {
  readonly plan: SandboxPlan
  /** Absent until everything is there. */
  readonly sandbox?: Sandbox
}

const FILE = 'sandbox.json'

/** In one piece: whoever reads it meanwhile, or after a crash of this program, reads the old or the new one. */
export function writeRecord(directory: string, record: SandboxRecord): void {
  const temporary = join(directory, `${FILE}.new`)
  writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 })
  renameSync(temporary, join(directory, FILE))
}

/** undefined: no sandbox was begun there since the machine's last start. */
export function readRecord(directory: string): SandboxRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, FILE), 'utf8')) as SandboxRecord
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}

/** The ports that lead to a pod, once it has an address. */
export function portForwards(record: SandboxRecord, podIP = record.sandbox?.podIPs[0]): PortForward[] {
  if (podIP === undefined || record.plan.network === 'host') return []
  return record.plan.publishedPorts.map((port) => ({ port, podIP }))
}
