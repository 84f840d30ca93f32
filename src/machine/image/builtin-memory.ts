import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LayerItem } from './builtin-layer.ts'

/** What a built-in image was made of, as cheaply as it can be told: files with their size, time and inode. */
interface BuiltinMemory {
  readonly imageId: string
  /** Path → what stat says of it. */
  readonly parts: Readonly<Record<string, string>>
}

/**
 * The image that was made of parts which have not been touched since: a few stats, where reading the parts takes tens of
 * milliseconds.
 *
 * @returns undefined when the parts have to be looked at.
 */
export function recallBuiltin(storeDirectory: string, name: string): string | undefined {
  const memory = readMemory(fileOf(storeDirectory, name))
  if (memory === undefined) return undefined
  const isUntouched = Object.entries(memory.parts).every(([path, then]) => stampOf(path) === then)
  return isUntouched ? memory.imageId : undefined
}

/** @param folders whose list of files is a part as well, and the code that makes the image. */
export function rememberBuiltin(
  storeDirectory: string,
  name: string,
  made: { readonly imageId: string; readonly items: readonly LayerItem[]; readonly folders: readonly string[] },
): void {
  const files = made.items.flatMap((item) => (item.is === 'file' ? [item.from] : []))
  const paths = [...new Set([...files, ...made.folders])]
  const memory: BuiltinMemory = {
    imageId: made.imageId,
    parts: Object.fromEntries(paths.map((path) => [path, stampOf(path)])),
  }
  const file = fileOf(storeDirectory, name)
  const unfinished = `${file}.${process.pid}`
  writeFileSync(unfinished, JSON.stringify(memory))
  renameSync(unfinished, file)
}

function fileOf(storeDirectory: string, name: string): string {
  return join(storeDirectory, `builtin-${name}.json`)
}

/** Anything but a whole memory is none: it is only a shortcut. */
function readMemory(file: string): BuiltinMemory | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as BuiltinMemory
  } catch {
    return undefined
  }
}

function stampOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats === undefined ? 'absent' : `${stats.size} ${stats.mtimeMs} ${stats.ino}`
}
