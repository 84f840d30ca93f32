import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../failure.ts'
import type { LayerItem } from './builtin-layer.ts'

/**
 * The companions' programs under /peapod, one layer for all of them: they share modules, and a node that has one image
 * has them all.
 *
 * @throws Failure SetupFailed when the directory does not hold the program.
 */
export function companionsLayer(directory: string, program: string): readonly LayerItem[] {
  if (!existsSync(join(directory, `${program}.ts`))) {
    throw new Failure('SetupFailed', `make the image of ${program}: "${join(directory, `${program}.ts`)}" is missing`)
  }
  const files = readdirSync(directory, { withFileTypes: true })
    .filter((file) => file.isFile() && file.name.endsWith('.ts') && !file.name.endsWith('.test.ts'))
    .map((file): LayerItem => ({ is: 'file', path: `/peapod/${file.name}`, from: join(directory, file.name) }))
  return [
    { is: 'directory', path: '/peapod' },
    // Node takes a .ts file as an ES module at once, without looking into it first.
    { is: 'text', path: '/peapod/package.json', text: '{ "type": "module" }\n' },
    ...files,
  ]
}
