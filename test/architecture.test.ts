import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, it } from 'node:test'

const SOURCE = resolve(import.meta.dirname, '..', 'src')

/** Which folder may import which others; ARCHITECTURE.md shows the same table. failure.ts is open to all. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'kube/api': [],
  'kube/lifecycle': ['kube/api'],
  'kube/workloads': ['kube/api'],
  'kube/patterns': ['kube/api'],
  'machine/process': [],
  'machine/linux': [],
  'machine/image': ['machine/process', 'machine/linux'],
  'machine/runtime': ['machine/process', 'machine/linux'],
  'machine/sandbox': ['machine/process', 'machine/linux'],
  'machine/volume': ['machine/process', 'machine/linux'],
  'node/store': ['kube/api'],
  'node/engine': [
    'kube/api',
    'kube/lifecycle',
    'machine/process',
    'machine/linux',
    'machine/image',
    'machine/runtime',
    'machine/sandbox',
    'machine/volume',
    'node/store',
  ],
  'node/controllers': ['kube/api', 'kube/lifecycle', 'kube/workloads', 'node/store'],
  'node/server': ['kube/api', 'node/store'],
  'user/client': ['kube/api'],
  'user/cli': ['user/client', 'kube/api', 'kube/patterns'],
  'user/testing': ['user/client', 'kube/api', 'kube/patterns'],
  'user/web': [],
  companions: [],
}

/** Only these stand outside the folders: the wiring, which imports from all of them, and the error class. */
const AT_THE_ROOT = ['failure.ts', 'main.ts']
const WIRING = 'main'

const IMPORT = /(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g

interface SourceFile {
  readonly path: string
  readonly folder: string
}

const files: SourceFile[] = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.startsWith('kube/api/generated/'))
  .map((path) => ({ path, folder: folderOf(path) }))

function folderOf(path: string): string {
  const [wing = '', room = ''] = dirname(path).split('/')
  return wing === 'companions' || wing === WIRING || wing === '.' ? wing : `${wing}/${room}`
}

function importsOf(path: string): string[] {
  const text = readFileSync(join(SOURCE, path), 'utf8')
  return [...text.matchAll(IMPORT)].map(([, target = '']) => relative(SOURCE, resolve(SOURCE, dirname(path), target)))
}

/** The table as ARCHITECTURE.md has it. */
function documentedTable(): Record<string, string[]> {
  const text = readFileSync(resolve(SOURCE, '..', 'ARCHITECTURE.md'), 'utf8')
  const rows = [...text.matchAll(/^\| ([a-z]+(?:\/[a-z]+)?) +\| ([^|]+?) +\|$/gm)].slice(1)
  return Object.fromEntries(rows.map(([, folder = '', allowed = '']) => [folder, expand(allowed)]))
}

function expand(allowed: string): string[] {
  const machine = Object.keys(MAY_IMPORT).filter((folder) => folder.startsWith('machine/'))
  if (allowed === 'nothing') return []
  return allowed.split(', ').flatMap((folder) => (folder === 'machine/\\*' ? machine : [folder]))
}

describe('the import table', () => {
  it('is the one of ARCHITECTURE.md', () => {
    assert.deepEqual(documentedTable(), MAY_IMPORT)
  })

  it('covers every folder', () => {
    const unknown = files.filter(
      ({ folder, path }) => !(folder in MAY_IMPORT) && folder !== WIRING && !AT_THE_ROOT.includes(path),
    )
    assert.deepEqual(unknown, [])
  })

  for (const [folder, allowed] of Object.entries(MAY_IMPORT)) {
    it(`${folder} imports only ${allowed.length === 0 ? 'itself' : allowed.join(', ')}`, () => {
      const wrong = files
        .filter((file) => file.folder === folder)
        .flatMap(({ path }) => importsOf(path).map((target) => ({ path, target })))
        .filter(({ path, target }) => !isAllowed(path, target, [folder, ...allowed]))
        .map(({ path, target }) => `${path} imports ${target}`)
      assert.deepEqual(wrong, [])
    })
  }
})

function isAllowed(path: string, target: string, allowed: readonly string[]): boolean {
  if (target === 'failure.ts' || allowed.includes(folderOf(target))) return true
  // Tests may also use what all tests share, and the generated types.
  return path.endsWith('.test.ts') && target.startsWith('../test/')
}
