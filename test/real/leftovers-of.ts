import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Traces {
  readonly stateDirectory: string
  /** Of pods that have run there: what the kernel has of them is named after their UIDs. */
  readonly podUids?: readonly string[]
  /** Ports of the machine that these pods published. */
  readonly hostPorts?: readonly number[]
}

/**
 * Everything on the machine that is of the pods of a state directory, in words; empty when nothing is left of them. The
 * kernel ends a network namespace some milliseconds after its last process: ask again when only a link is left.
 */
export async function leftoversOf({ stateDirectory, podUids = [], hostPorts = [] }: Traces): Promise<string[]> {
  return [
    ...mounts(stateDirectory),
    ...processes(stateDirectory),
    ...(await links(stateDirectory)),
    ...cgroups(podUids),
    ...(await rules(hostPorts)),
    ...claims(stateDirectory),
    ...namesIn(join(stateDirectory, 'instances')).map((name) => `directory instances/${name}`),
  ]
}

/** Root filesystems, volumes, sandboxes, and namespaces that are kept by a bind mount. */
function mounts(stateDirectory: string): string[] {
  return mountLines('self')
    .filter((line) => line.includes(`${stateDirectory}/`))
    .map((line) => `mount ${line}`)
}

/** conmon and the runtimes name the state directory; a container's own processes stand on a root filesystem in it. */
function processes(stateDirectory: string): string[] {
  return namesIn('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const commandLine = textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()
      const root = mountLines(pid).find((line) => line.split(' ')[4] === '/') ?? ''
      const isOurs = commandLine.includes(`${stateDirectory}/`) || root.includes(`${stateDirectory}/`)
      return isOurs && !isZombie(pid) ? [`process ${pid}: ${commandLine}`] : []
    })
}

/** The machine's ends of the pods' links bear the directory of their sandbox as alias. */
async function links(stateDirectory: string): Promise<string[]> {
  const { stdout } = await run('ip', ['-json', 'link', 'show'])
  const all = JSON.parse(stdout) as readonly { readonly ifname: string; readonly ifalias?: string }[]
  return all.filter((link) => link.ifalias?.startsWith(`${stateDirectory}/`)).map((link) => `link ${link.ifname}`)
}

function cgroups(podUids: readonly string[]): string[] {
  const roots = mountLines('self')
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => line.split(' ')[4] ?? '')
  return [...new Set(roots)].flatMap((root) =>
    podUids
      .map((uid) => join(root, 'peapod', `pod${uid}`))
      .filter((group) => existsSync(group))
      .map((group) => `cgroup ${group}`),
  )
}

async function rules(hostPorts: readonly number[]): Promise<string[]> {
  if (hostPorts.length === 0) return []
  const { stdout } = await run('nft', ['list', 'ruleset'])
  return hostPorts
    .filter((port) => new RegExp(`\\b(tcp|udp) \\. ${port} :`).test(stdout))
    .map((port) => `nftables rule for port ${port}`)
}

function claims(stateDirectory: string): string[] {
  return ['addresses', 'ports', 'sandboxes'].flatMap((kind) =>
    namesIn(join('/run/peapod', kind))
      .filter((name) => linkTarget(join('/run/peapod', kind, name)).startsWith(`${stateDirectory}/`))
      .map((name) => `claim ${kind}/${name}`),
  )
}

function mountLines(pid: string): string[] {
  return textOf(`/proc/${pid}/mountinfo`).split('\n')
}

function isZombie(pid: string): boolean {
  return /\) [ZX] /.test(textOf(`/proc/${pid}/stat`))
}

/** '' for what ends while it is looked at. */
function textOf(file: string): string {
  return orIfGone('', () => readFileSync(file, 'utf8'))
}

function linkTarget(path: string): string {
  return orIfGone('', () => readlinkSync(path))
}

function namesIn(directory: string): string[] {
  return orIfGone([], () => readdirSync(directory))
}

function orIfGone<T>(nothing: T, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EINVAL', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return nothing
    throw error
  }
}
