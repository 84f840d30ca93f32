import { quoteName, type TarEntryType } from './tar-entry.ts'

export type NodeKind = Exclude<TarEntryType, 'hard-link'>
type Directory = Map<string, LayerNode>
/** Files are plain words: a layer may have millions of them. */
type LayerNode = Directory | Exclude<NodeKind, 'directory'>

/** Why something can't be at a path; whoever knows the entry adds its name. */
export class Refusal extends Error {}

/** The names and kinds of everything a layer has brought so far. Paths are lists of clean components; [] is the root. */
export class LayerTree {
  readonly #root: Directory = new Map()
  /** Entries come directory by directory: the last parent is nearly always the next one. */
  #lastParent: { readonly path: string; readonly directory: Directory } | undefined

  /** Makes sure that everything above the path is a directory. Gives the paths of the ones made, topmost first. */
  makeParents(path: readonly string[]): (readonly string[])[] {
    const parentPath = path.slice(0, -1).join('/')
    if (this.#lastParent?.path === parentPath) return []
    const made: (readonly string[])[] = []
    let directory = this.#root
    for (let depth = 0; depth < path.length - 1; depth += 1) {
      const name = path[depth] ?? ''
      let next = directory.get(name)
      if (next === undefined) {
        next = new Map()
        directory.set(name, next)
        made.push(path.slice(0, depth + 1))
      }
      if (typeof next === 'string') throw new Refusal(`its parent ${quoteName(name)} is ${ARTICLES[next]}`)
      directory = next
    }
    this.#lastParent = { path: parentPath, directory }
    return made
  }

  /** Puts something at a path whose parents exist, in place of what was there. */
  put(path: readonly string[], kind: NodeKind): void {
    const name = path.at(-1)
    const directory = this.#directoryAt(path.slice(0, -1))
    if (name === undefined || directory === undefined) throw new Refusal('its parent is not a directory')
    const before = directory.get(name)
    if (before instanceof Map) {
      if (kind === 'directory') return
      if (before.size > 0) throw new Refusal('it would replace a directory that is not empty')
      this.#lastParent = undefined
    }
    directory.set(name, kind === 'directory' ? new Map() : kind)
  }

  /** undefined when nothing is there, or when the way there goes through something that is not a directory. */
  kindOf(path: readonly string[]): NodeKind | undefined {
    const name = path.at(-1)
    if (name === undefined) return 'directory'
    const node = this.#directoryAt(path.slice(0, -1))?.get(name)
    return node instanceof Map ? 'directory' : node
  }

  #directoryAt(path: readonly string[]): Directory | undefined {
    if (this.#lastParent?.path === path.join('/')) return this.#lastParent.directory
    let directory = this.#root
    for (const name of path) {
      const next = directory.get(name)
      if (!(next instanceof Map)) return undefined
      directory = next
    }
    return directory
  }
}

const ARTICLES: Readonly<Record<Exclude<NodeKind, 'directory'>, string>> = {
  file: 'a file',
  symlink: 'a symbolic link',
  fifo: 'a fifo',
  'character-device': 'a device',
  'block-device': 'a device',
}
