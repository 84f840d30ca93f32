import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Failure } from '../../failure.ts'
import { readElfNeeds } from './builtin-elf.ts'

/** One file that a program loads before it begins. */
export interface Library {
  /** On this machine. */
  readonly path: string
  /** Where a dynamic linker without a cache or configuration finds it. */
  readonly imagePath: string
}

/** What glibc before 2.34 loads by name when it resolves hosts and users; newer ones have it inside. */
const LOADED_LATER = ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2']
/** Where dynamic linkers of the distributions look by themselves. */
const STANDARD_DIRECTORIES = ['/lib64', '/usr/lib64', '/lib', '/usr/lib', '/usr/local/lib64', '/usr/local/lib']

/**
 * Everything that a dynamically linked program needs beside itself, its dynamic linker first; nothing for a static one.
 *
 * @throws Failure SetupFailed naming a library that is not found.
 */
export function findLibraries(program: string): readonly Library[] {
  const { interpreter } = readElfNeeds(program)
  if (interpreter === undefined) return []
  const directories = standardDirectories()
  const found = new Map<string, Library>([[basename(interpreter), { path: interpreter, imagePath: interpreter }]])
  const waiting = [program]
  // musl has one file for both, and finds it under either name.
  const libcDir = dirname(find('libc.so.6', directories) ?? find('libc.so', directories) ?? interpreter)
  for (let user = waiting.shift(); user !== undefined; user = waiting.shift()) {
    const { needed, searchPath } = readElfNeeds(user)
    const own = searchPath.map((directory) => directory.replace(/\$\{?ORIGIN\}?/g, dirname(user)))
    for (const name of needed.filter((each) => !found.has(each))) {
      const ownPath = find(name, own)
      const path = ownPath ?? find(name, directories)
      if (path === undefined) throw notFound(name, user, [...own, ...directories])
      found.set(name, { path, imagePath: ownPath ?? join(libcDir, name) })
      waiting.push(path)
    }
  }
  for (const name of LOADED_LATER) {
    const path = join(libcDir, name)
    if (existsSync(path)) found.set(name, { path, imagePath: path })
  }
  return [...found.values()]
}

function find(name: string, directories: readonly string[]): string | undefined {
  return directories.map((directory) => join(directory, name)).find((path) => existsSync(path))
}

/** The machine's own directories first: those of its architecture, then what ld.so.conf adds. */
function standardDirectories(): string[] {
  const triplets = ['/lib', '/usr/lib'].flatMap((parent) =>
    listed(parent)
      .filter((name) => /^\w+-linux-(?:gnu|musl)\w*$/.test(name))
      .map((name) => join(parent, name)),
  )
  const configured = listed('/etc/ld.so.conf.d')
    .filter((name) => name.endsWith('.conf'))
    .flatMap((name) => readFileSync(join('/etc/ld.so.conf.d', name), 'utf8').split('\n'))
    .map((line) => line.trim())
    .filter((line) => line.startsWith('/'))
  return [...triplets, ...STANDARD_DIRECTORIES, ...configured]
}

function listed(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).sort() : []
}

function notFound(name: string, user: string, searched: readonly string[]): Failure {
  return new Failure('SetupFailed', `find the library ${name} that "${user}" needs: not in ${searched.join(':')}`)
}
