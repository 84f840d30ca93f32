import { Failure } from '../../failure.ts'

/** Archives are made of blocks of this size. */
export const BLOCK_BYTES = 512

/**
 * One member of a tar archive. Names and link names are byte strings, one character for each byte (latin1), because an
 * archive may hold names in any encoding: `nameAsText` makes them readable.
 */
export interface TarEntry {
  readonly type: TarEntryType
  /** As in the archive: neither cleaned nor checked. */
  readonly name: string
  /** Target of a link; '' for everything else. */
  readonly linkName: string
  /** Permissions with setuid, setgid and sticky bit: 0 to 0o7777. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes of content that follow; 0 for everything but a file. */
  readonly sizeBytes: number
  /** Seconds since 1970, rounded down. */
  readonly mtimeSeconds: number
  /** 0 to 999 999 999 */
  readonly mtimeNanoseconds: number
  /** Extended attributes; names are byte strings, as after `SCHILY.xattr.` in the archive. */
  readonly xattrs: ReadonlyMap<string, Uint8Array>
}

export type TarEntryType = 'file' | 'hard-link' | 'symlink' | 'directory' | 'fifo' | 'character-device' | 'block-device'

export const NO_XATTRS: ReadonlyMap<string, Uint8Array> = new Map()

export function nameAsText(byteString: string): string {
  return Buffer.from(byteString, 'latin1').toString('utf8')
}

export function nameFromText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** A byte string for a message: quoted, control characters escaped, cut when absurdly long. */
export function quoteName(byteString: string): string {
  const text = nameAsText(byteString.slice(0, LONGEST_QUOTE))
  return JSON.stringify(byteString.length > LONGEST_QUOTE ? `${text}…` : text)
}

const LONGEST_QUOTE = 200

/** What is wrong with an archive. Whoever reads it adds which archive it was. */
export function invalidArchive(message: string, cause?: unknown): Failure {
  return new Failure('ImageArchiveInvalid', message, { cause })
}
