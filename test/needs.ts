import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What a test of the real machine may need, beside Node. */
export type Need =
  'root' | 'overlay' | 'oci-runtime' | 'conmon' | 'nft' | 'busybox' | 'docker-registry' | 'skopeo' | 'kubectl'

const PROGRAMS: Partial<Record<Need, readonly string[]>> = {
  'oci-runtime': ['crun', 'runc'],
  conmon: ['conmon'],
  nft: ['nft'],
  busybox: ['busybox'],
  'docker-registry': ['docker-registry'],
  skopeo: ['skopeo'],
  kubectl: ['kubectl'],
}

/**
 * The reason to skip a suite on this machine, or false to run it: `describe('…', { skip: unlessThereIs('root') }, …)`.
 * With PEAPOD_NO_SKIP=1 (CI) a reason to skip is an error.
 */
export function unlessThereIs(...needs: readonly Need[]): string | false {
  const missing = needs.map(missingFor).filter((reason) => reason !== undefined)
  if (missing.length === 0) return false
  const reason = missing.join('; ')
  if (process.env['PEAPOD_NO_SKIP'] === '1') throw new Error(`this suite may not be skipped here: ${reason}`)
  return reason
}

function missingFor(need: Need): string | undefined {
  if (need === 'root') return process.getuid?.() === 0 ? undefined : 'not root'
  if (need === 'overlay') return existsSync('/sys/module/overlay') ? undefined : 'the kernel has no overlay'
  const programs = PROGRAMS[need] ?? []
  return programs.some(isOnPath) ? undefined : `${programs.join(' or ')} is not on PATH`
}

function isOnPath(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
