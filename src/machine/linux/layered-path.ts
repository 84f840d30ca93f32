import { lstatSync, readlinkSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { getExtendedAttribute } from './files.ts'

const MOST_LINKS = 40
const OPAQUE_ATTRIBUTE = 'trusted.overlay.opaque'

/** What the layers of an overlay show at a place: a directory is what its layers have there, topmost first. */
export type LayeredEntry =
  { readonly is: 'directory'; readonly directories: readonly string[] } | { readonly is: 'file'; readonly path: string }

type Step = LayeredEntry | { readonly is: 'link'; readonly target: string }

/**
 * Looks a path up as a container would, without mounting its layers: upper ones hide lower ones, deleted is deleted, and
 * no symbolic link leads out of the root.
 *
 * @param layerDirs topmost first; not changed by anybody meanwhile, as the layers of images are not.
 * @returns undefined when nothing is there, or neither a directory nor a regular file.
 */
export function findInLayers(layerDirs: readonly string[], path: string): LayeredEntry | undefined {
  const names = path.split('/').reverse()
  // The merged directories from the root to where the walk is: `..` at the root stays there.
  const trail: (readonly string[])[] = [layerDirs]
  for (let links = 0; names.length > 0;) {
    const name = names.pop()
    if (name === undefined || name === '' || name === '.') continue
    if (name === '..') {
      if (trail.length > 1) trail.pop()
      continue
    }
    // One name at a time, so that every link is seen and taken as the container would.
    const step = stepInto(trail.at(-1) ?? [], name)
    if (step === undefined) return undefined
    if (step.is === 'file') return names.every((rest) => rest === '') ? step : undefined
    if (step.is === 'directory') {
      trail.push(step.directories)
      continue
    }
    links += 1
    if (links > MOST_LINKS) return undefined
    if (step.target.startsWith('/')) trail.length = 1
    names.push(...step.target.split('/').reverse())
  }
  return { is: 'directory', directories: trail.at(-1) ?? [] }
}

function stepInto(directories: readonly string[], name: string): Step | undefined {
  const merged: string[] = []
  for (const directory of directories) {
    const path = join(directory, name)
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (stat === undefined) continue
    if (!stat.isDirectory()) {
      if (merged.length > 0 || isWhiteout(stat)) break
      if (stat.isSymbolicLink()) return { is: 'link', target: readlinkSync(path) }
      return stat.isFile() ? { is: 'file', path } : undefined
    }
    merged.push(path)
    if (getExtendedAttribute(path, OPAQUE_ATTRIBUTE)?.toString() === 'y') break
  }
  return merged.length === 0 ? undefined : { is: 'directory', directories: merged }
}

function isWhiteout(stat: Stats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0
}
