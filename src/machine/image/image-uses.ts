import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestParts } from './digest.ts'
import { unlinkIfThere } from './temp-space.ts'

/** When each image was needed last, across restarts: the time of a file, `uses/<hex of the ID>`. */
export interface ImageUses {
  note(id: string, nowMs: number): void
  /** 0 for an image that was never needed. */
  lastMs(id: string): number
  /** Forgets all images but these. */
  keepOnly(ids: ReadonlySet<string>): Promise<void>
}

export function openImageUses(directory: string): ImageUses {
  const folder = join(directory, 'uses')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const pathOf = (id: string) => join(folder, digestParts(id).hex)
  return { note, lastMs, keepOnly }

  function note(id: string, nowMs: number): void {
    const at = nowMs / 1000
    try {
      utimesSync(pathOf(id), at, at)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      writeFileSync(pathOf(id), '')
      utimesSync(pathOf(id), at, at)
    }
  }

  function lastMs(id: string): number {
    return Math.floor(statSync(pathOf(id), { throwIfNoEntry: false })?.mtimeMs ?? 0)
  }

  async function keepOnly(ids: ReadonlySet<string>): Promise<void> {
    const kept = new Set([...ids].map((id) => digestParts(id).hex))
    for (const name of readdirSync(folder)) if (!kept.has(name)) await unlinkIfThere(join(folder, name))
  }
}
