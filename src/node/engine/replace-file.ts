import { renameSync, writeFileSync } from 'node:fs'

/**
 * Writes a file in one piece: whoever reads it meanwhile, or after this process was killed, reads the old or the new one.
 * It does not wait for the disk: a power failure may take the last writes.
 */
export function replaceFile(path: string, text: string): void {
  const temporary = `${path}.new`
  writeFileSync(temporary, text, { mode: 0o600 })
  renameSync(temporary, path)
}
