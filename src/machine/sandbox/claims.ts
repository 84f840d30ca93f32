import { existsSync, readdirSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf } from '../linux/system-call-failure.ts'

/**
 * A claim on something that a machine has once (an address, a port): a symbolic link, named after the thing, to the
 * directory of the sandbox that has it. Making it is atomic, its owner included, and it dangles when the sandbox is gone.
 * Claims are only taken back under the machine's lock, so that nobody takes back what was claimed anew.
 */
export interface Claim {
  readonly name: string
  /** The sandbox's directory. */
  readonly owner: string
}

/**
 * @param folder of all claims of one kind.
 * @returns whether it is now the owner's; a claim whose owner is gone gives way.
 */
export function claim(folder: string, name: string, owner: string): boolean {
  const path = join(folder, name)
  for (;;) {
    try {
      symlinkSync(owner, path)
      return true
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error
      const holder = ownerOf(folder, name)
      if (holder === owner) return true
      if (holder !== undefined && existsSync(holder)) return false
      if (holder !== undefined) unlinkSync(path)
    }
  }
}

/** Takes a claim back if it is this owner's. */
export function release(folder: string, name: string, owner: string): void {
  if (ownerOf(folder, name) === owner) unlinkSync(join(folder, name))
}

export function ownerOf(folder: string, name: string): string | undefined {
  try {
    return readlinkSync(join(folder, name))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

export function listClaims(folder: string): Claim[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder).flatMap((name) => {
    const owner = ownerOf(folder, name)
    return owner === undefined ? [] : [{ name, owner }]
  })
}

/** Claims whose sandbox directory is gone. */
export function staleClaims(folder: string): Claim[] {
  return listClaims(folder).filter((each) => !existsSync(each.owner))
}
