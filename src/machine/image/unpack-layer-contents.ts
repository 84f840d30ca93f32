import { invalidArchive, NO_XATTRS, quoteName, type TarEntry } from './tar-entry.ts'
import { LayerTree, Refusal } from './unpack-layer-tree.ts'

/** What remains hidden of the layers below, in overlayfs' own form. Paths are byte strings relative to the layer. */
export interface LayerWhiteouts {
  /** Each becomes a 0:0 character device. */
  readonly hidden: readonly string[]
  /** Directories that hide everything below them: `trusted.overlay.opaque`. '' is the layer's root. */
  readonly opaque: readonly string[]
}

/** What one entry of an archive means for the extraction, with clean relative names ('./' is the root). */
export interface Admission {
  /** Directories above it that the archive does not hold, topmost first. */
  readonly parents: readonly TarEntry[]
  /** Absent for what is not extracted now: whiteouts and symbolic links. */
  readonly entry: TarEntry | undefined
}

const WHITEOUT = '.wh.'
const OPAQUE = '.wh..wh..opq'
/** Bookkeeping of AUFS, once the file system under most images; means nothing here. */
const AUFS_PREFIX = '.wh..wh.'
/** The kernel's PATH_MAX, less room for the directory that the layer goes into. */
const LONGEST_PATH = 3_840
const LONGEST_COMPONENT = 255
const LONGEST_LINK_TARGET = 4_095

/**
 * Judges the entries of one layer, in their order, against everything that came before them. Symbolic links are held
 * back to the end: until then the layer's directory holds none, so nothing that extracts can be led outside by one, and
 * GNU tar's stand-ins for links, which it may mistake for what replaced them, meet nothing that comes later. It keeps
 * the layer's tree in memory (names and kinds, no content).
 *
 * Stricter than a tar program: no entry may lie below a symbolic link, not even one that stays inside; a directory that
 * is not empty is not replaced by something else.
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/layer.md
 */
export class LayerContents {
  readonly #tree = new LayerTree()
  readonly #whiteouts: { readonly parent: readonly string[]; readonly name: string }[] = []
  readonly #opaque: (readonly string[])[] = []
  readonly #symlinks = new Map<string, TarEntry>()

  /** @throws Failure ImageArchiveInvalid, naming the entry. */
  admit(entry: TarEntry): Admission {
    try {
      return this.#admit(entry)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      throw invalidArchive(`entry ${quoteName(entry.name)}: ${error.message}`)
    }
  }

  #admit(entry: TarEntry): Admission {
    const path = cleanPath(entry.name)
    const name = path.at(-1)
    if (name === undefined) return { parents: [], entry: rootEntry(entry) }
    const parent = path.slice(0, -1)
    if (path.some((component) => component.startsWith(AUFS_PREFIX) && component !== OPAQUE)) return NOTHING
    if (parent.some((component) => component.startsWith(WHITEOUT))) throw new Refusal('it lies below a whiteout')
    const parents = this.#tree.makeParents(path).map((made) => implicitDirectory(made, entry))
    if (name.startsWith(WHITEOUT)) {
      this.#hide(parent, name)
      return { parents, entry: undefined }
    }
    const admitted = admittedEntry(entry, path.join('/'))
    const linkName = entry.type === 'hard-link' ? this.#hardLinkTarget(entry, path) : admitted.linkName
    // From here on a hard link is as good a file as the one it was linked to.
    this.#tree.put(path, admitted.type === 'hard-link' ? 'file' : admitted.type)
    this.#symlinks.delete(admitted.name)
    if (admitted.type !== 'symlink') return { parents, entry: { ...admitted, linkName } }
    this.#symlinks.set(admitted.name, admitted)
    return { parents, entry: undefined }
  }

  /** To be extracted after everything else. */
  symlinks(): Iterable<TarEntry> {
    return this.#symlinks.values()
  }

  /** To be made after everything else is extracted: a whiteout never hides what the same layer brings. */
  whiteouts(): LayerWhiteouts {
    const hidden = new Set<string>()
    const opaque = new Set(this.#opaque.map((path) => path.join('/')))
    for (const { parent, name } of this.#whiteouts) {
      const path = [...parent, name]
      const kind = this.#tree.kindOf(path)
      if (kind === undefined && this.#tree.kindOf(parent) === 'directory') hidden.add(path.join('/'))
      // The directory below is gone, the one of this layer is new: it must not show the old one's content.
      if (kind === 'directory') opaque.add(path.join('/'))
    }
    return { hidden: [...hidden], opaque: [...opaque].filter((path) => this.#isDirectory(path)) }
  }

  #isDirectory(path: string): boolean {
    return this.#tree.kindOf(path === '' ? [] : path.split('/')) === 'directory'
  }

  #hide(parent: readonly string[], name: string): void {
    if (name === OPAQUE) {
      this.#opaque.push(parent)
      return
    }
    const hidden = name.slice(WHITEOUT.length)
    if (hidden === '' || hidden === '.' || hidden === '..') throw new Refusal('it is a whiteout of no valid name')
    this.#whiteouts.push({ parent, name: hidden })
  }

  #hardLinkTarget(entry: TarEntry, path: readonly string[]): string {
    const link = `it is a hard link to ${quoteName(entry.linkName)}`
    let target: readonly string[]
    try {
      target = cleanPath(entry.linkName)
    } catch (error) {
      if (error instanceof Refusal) throw new Refusal(`${link}: ${error.message}`)
      throw error
    }
    if (target.join('/') === path.join('/')) throw new Refusal(`${link}, which is itself`)
    const kind = this.#tree.kindOf(target)
    if (kind !== 'file') throw new Refusal(`${link}, which is ${kind ?? 'nothing'} so far and not a file of this layer`)
    return target.join('/')
  }
}

const NOTHING: Admission = { parents: [], entry: undefined }

/** The path's components without `.`, a leading `/` and doubled slashes: [] is the root of the layer. */
function cleanPath(name: string): readonly string[] {
  if (name === '') throw new Refusal('its name is empty')
  if (name.includes('\0')) throw new Refusal('its name holds a NUL character')
  const path = name.split('/').filter((component) => component !== '' && component !== '.')
  if (path.includes('..')) throw new Refusal('its name has a ".." component, which leads out of the image')
  if (name.length > LONGEST_PATH || path.some((component) => component.length > LONGEST_COMPONENT)) {
    throw new Refusal('its name is longer than Linux allows')
  }
  return path
}

function admittedEntry(entry: TarEntry, name: string): TarEntry {
  switch (entry.type) {
    case 'character-device':
    case 'block-device':
      throw new Refusal('it is a device node, which an image may not hold')
    case 'symlink':
      if (entry.linkName === '') throw new Refusal('it is a symbolic link to nowhere')
      if (entry.linkName.includes('\0')) throw new Refusal('its target holds a NUL character')
      if (entry.linkName.length > LONGEST_LINK_TARGET) throw new Refusal('its target is longer than Linux allows')
      return { ...entry, name, xattrs: NO_XATTRS }
    case 'file':
    case 'directory':
      return { ...entry, name, xattrs: acceptedAttributes(entry.xattrs) }
    case 'hard-link':
    case 'fifo':
      return { ...entry, name, xattrs: NO_XATTRS }
  }
}

function rootEntry(entry: TarEntry): TarEntry {
  if (entry.type !== 'directory') throw new Refusal('it would replace the root directory of the image')
  return { ...entry, name: './', xattrs: acceptedAttributes(entry.xattrs) }
}

/**
 * Attributes that programs in the image may see: `user.*` and file capabilities. All others are left out: `trusted.*`
 * and `user.overlay.*` would speak to overlayfs, and security labels mean something on the machine they come from only.
 */
function acceptedAttributes(xattrs: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> {
  if (xattrs.size === 0) return xattrs
  const isAccepted = (name: string) =>
    name === 'security.capability' || (name.startsWith('user.') && !name.startsWith('user.overlay.'))
  return new Map([...xattrs].filter(([name]) => isAccepted(name)))
}

/** A directory that the archive takes for granted. */
function implicitDirectory(path: readonly string[], below: TarEntry): TarEntry {
  return {
    type: 'directory',
    name: path.join('/'),
    linkName: '',
    mode: 0o755,
    uid: 0,
    gid: 0,
    sizeBytes: 0,
    mtimeSeconds: below.mtimeSeconds,
    mtimeNanoseconds: below.mtimeNanoseconds,
    xattrs: NO_XATTRS,
  }
}
