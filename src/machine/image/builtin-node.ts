import { dirname } from 'node:path'
import { findLibraries } from './builtin-libraries.ts'
import type { LayerItem } from './builtin-layer.ts'

/** A Node program with everything that it loads, to lie over the busybox layer. */
export function nodeLayer(nodePath: string): readonly LayerItem[] {
  const files = [{ path: nodePath, imagePath: '/usr/local/bin/node' }, ...findLibraries(nodePath)]
  const directories = new Set(files.flatMap(({ imagePath }) => parentsOf(imagePath)))
  return [
    ...[...directories].map((path): LayerItem => ({ is: 'directory', path })),
    ...files.map(({ path, imagePath }): LayerItem => ({ is: 'file', path: imagePath, from: path, mode: 0o755 })),
  ]
}

function parentsOf(path: string): string[] {
  const parent = dirname(path)
  return parent === '/' ? [] : [...parentsOf(parent), parent]
}
