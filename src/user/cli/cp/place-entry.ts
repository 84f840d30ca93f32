import type { TarHeader } from './tar-header.ts'

/** What to do with an entry of an archive that somebody else made. */
export type Placed =
  /** `path` holds names below the destination; none of them leads elsewhere. Empty: the destination itself. */
  | { readonly is: 'file' | 'directory'; readonly path: readonly string[] }
  | { readonly is: 'copy-of'; readonly path: readonly string[]; readonly of: readonly string[] }
  /** Left out, as kubectl leaves it out. */
  | { readonly is: 'skipped'; readonly why: string }
  /** No tar makes such an entry of what was asked for: nothing more of the archive is believed. */
  | { readonly is: 'refused'; readonly why: string }

/**
 * Where an entry goes. The container decides over every byte of the archive, so nothing in it may name a place outside of
 * the destination, nor make one that leads there: symbolic links are not made at all.
 *
 * @param asked the name that was asked for: every entry begins with it.
 */
export function placeEntry(entry: Pick<TarHeader, 'name' | 'type' | 'linkName'>, asked: string): Placed {
  const path = below(entry.name, asked)
  if (typeof path === 'string') return { is: 'refused', why: path }
  switch (entry.type) {
    case '0':
    case '7':
      return { is: 'file', path }
    case '5':
      return { is: 'directory', path }
    case '1': {
      const of = below(entry.linkName, asked)
      if (typeof of !== 'string') return { is: 'copy-of', path, of }
      return { is: 'skipped', why: `a hard link to ${JSON.stringify(entry.linkName)}, which is not copied` }
    }
    case '2':
      return { is: 'skipped', why: `a symbolic link to ${JSON.stringify(entry.linkName)}` }
    default:
      return { is: 'skipped', why: 'neither a file nor a directory' }
  }
}

/** @returns why not, for what is not below it. */
function below(name: string, asked: string): readonly string[] | string {
  if (name === '') return 'it has no name'
  if (name.startsWith('/')) return 'its name is absolute'
  if (name.includes('\0')) return 'its name has a zero byte'
  const names = name.split('/').filter((part) => part !== '' && part !== '.')
  if (names.includes('..')) return 'its name leads upwards'
  if (asked === '.') return names
  return names[0] === asked ? names.slice(1) : `it is not part of ${JSON.stringify(asked)}`
}
