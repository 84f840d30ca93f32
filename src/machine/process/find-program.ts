import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

/** Folders of system programs that are often absent from the PATH of a service or of a plain user. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/**
 * The absolute path of a program, found as a shell would, then in the folders of system programs.
 *
 * @param name a bare name such as `crun`, or an absolute path, which is checked and given back.
 */
export function findProgram(name: string): string | undefined {
  if (isAbsolute(name)) return isExecutable(name) ? name : undefined
  return searchedFolders()
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

/** Where findProgram looks, in order: for messages. */
export function searchedFolders(): readonly string[] {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).filter(isAbsolute)
  return [...new Set([...onPath, ...SYSTEM_FOLDERS])]
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
