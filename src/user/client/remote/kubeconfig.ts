import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { Failure, messageOf } from '../../../failure.ts'

/** A cluster as a kubeconfig tells of it; paths are absolute, or relative to where the command runs. */
export interface ClusterEntry {
  readonly server?: string
  readonly 'certificate-authority'?: string
  readonly 'certificate-authority-data'?: string
  readonly 'insecure-skip-tls-verify'?: boolean
  readonly 'tls-server-name'?: string
  readonly 'proxy-url'?: string
  readonly extensions?: readonly NamedExtension[]
}

interface NamedExtension {
  readonly name: string
  readonly extension?: unknown
}

export interface UserEntry {
  readonly token?: string
  readonly tokenFile?: string
  readonly 'client-certificate'?: string
  readonly 'client-certificate-data'?: string
  readonly 'client-key'?: string
  readonly 'client-key-data'?: string
  readonly username?: string
  readonly password?: string
  readonly as?: string
  readonly 'as-uid'?: string
  readonly 'as-groups'?: readonly string[]
  readonly exec?: ExecEntry
  readonly 'auth-provider'?: { readonly name?: string }
}

/** A program that says who asks. */
export interface ExecEntry {
  readonly apiVersion?: string
  readonly command?: string
  readonly args?: readonly string[] | null
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null
  readonly installHint?: string
  readonly interactiveMode?: 'Never' | 'IfAvailable' | 'Always'
  readonly provideClusterInfo?: boolean
}

interface ContextEntry {
  readonly cluster?: string
  readonly user?: string
  readonly namespace?: string
}

/** Several files as one. */
export interface Kubeconfig {
  readonly files: readonly string[]
  readonly currentContext: string | undefined
  readonly contexts: ReadonlyMap<string, ContextEntry>
  readonly clusters: ReadonlyMap<string, ClusterEntry>
  readonly users: ReadonlyMap<string, UserEntry>
}

/** The file that was asked for, else those of $KUBECONFIG, else ~/.kube/config: as kubectl. */
export function kubeconfigFiles(
  asked: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  if (asked !== undefined) return [asked]
  const listed = (env['KUBECONFIG'] ?? '').split(':').filter((path) => path !== '')
  if (listed.length > 0) return [...new Set(listed)]
  return env['HOME'] ? [join(env['HOME'], '.kube', 'config')] : []
}

/**
 * Reads the files and merges them: of two entries with one name, the first counts.
 *
 * @param need `all`: a file that is not there is an error, as for one that was asked for by name.
 * @throws Failure UsageError
 * @see https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files
 */
export async function readKubeconfig(files: readonly string[], need: 'all' | 'any'): Promise<Kubeconfig> {
  const read = (await Promise.all(files.map((file) => readOne(file, need)))).filter((one) => one !== undefined)
  if (read.length === 0) {
    const where = files.length === 0 ? 'neither $KUBECONFIG nor $HOME says where it is' : `there is no ${quoted(files)}`
    throw new Failure('UsageError', `read the kubeconfig: ${where}; name it with --kubeconfig`)
  }
  return {
    files: read.map(({ file }) => file),
    currentContext: read.map(({ config }) => config['current-context']).find(isGiven),
    contexts: entries<ContextEntry>(read, 'context', (entry) => entry),
    clusters: entries<ClusterEntry>(read, 'cluster', (entry, folder) =>
      locate(entry, ['certificate-authority'], folder),
    ),
    users: entries<UserEntry>(read, 'user', (entry, folder) =>
      locateCommand(locate(entry, ['client-certificate', 'client-key', 'tokenFile'], folder), folder),
    ),
  }
}

interface ReadFile {
  readonly file: string
  readonly config: Readonly<Record<string, unknown>>
}

async function readOne(file: string, need: 'all' | 'any'): Promise<ReadFile | undefined> {
  try {
    const config: unknown = parse(await readFile(file, 'utf8')) ?? {}
    if (!isRecord(config)) throw new Error('it is no YAML mapping')
    return { file, config }
  } catch (cause) {
    const isAbsent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    if (isAbsent && need === 'any') return undefined
    throw new Failure('UsageError', `read the kubeconfig ${JSON.stringify(file)}: ${messageOf(cause)}`, { cause })
  }
}

function entries<Entry>(
  read: readonly ReadFile[],
  field: string,
  located: (entry: Entry, folder: string) => Entry,
): ReadonlyMap<string, Entry> {
  const list = `${field}s`
  const found = new Map<string, Entry>()
  for (const { file, config } of read) {
    const items = config[list] ?? []
    if (!Array.isArray(items)) {
      throw new Failure('UsageError', `read the kubeconfig ${JSON.stringify(file)}: "${list}" is no list`)
    }
    for (const item of items as unknown[]) {
      if (!isRecord(item) || typeof item['name'] !== 'string' || found.has(item['name'])) continue
      found.set(item['name'], located((item[field] ?? {}) as Entry, dirname(file)))
    }
  }
  return found
}

/** Paths in a kubeconfig are relative to it. */
function locate<Entry extends object>(entry: Entry, fields: readonly (keyof Entry)[], folder: string): Entry {
  const paths = fields.flatMap((field) => {
    const path = entry[field]
    return typeof path === 'string' && path !== '' ? [[field, fromFolder(folder, path)]] : []
  })
  return { ...entry, ...(Object.fromEntries(paths) as Partial<Entry>) }
}

/** A name without a slash is looked for in $PATH. */
function locateCommand(user: UserEntry, folder: string): UserEntry {
  const { exec } = user
  if (exec?.command === undefined || !exec.command.includes('/')) return user
  return { ...user, exec: { ...exec, command: fromFolder(folder, exec.command) } }
}

function fromFolder(folder: string, path: string): string {
  return path.startsWith('/') ? path : join(folder, path)
}

function isGiven(text: unknown): text is string {
  return typeof text === 'string' && text !== ''
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(' and no ')
}
