import { existsSync, readFileSync } from 'node:fs'
import { oneWord } from './hosts-file.ts'
import type { DnsPlan, DnsSettings } from './sandbox.ts'

const HOST_FILE = '/etc/resolv.conf'
/** Where systemd-resolved keeps the servers behind its stub on 127.0.0.53. */
const BEHIND_STUB_FILE = '/run/systemd/resolve/resolv.conf'
/** Kubernetes' limits (N2); resolvers read no more than three servers. */
const MOST_NAMESERVERS = 3
const MOST_SEARCHES = 32
const MOST_SEARCH_CHARACTERS = 2048

/** @param hostSettings what the machine's own file says, as readHostResolvConf and parseResolvConf give it. */
export function buildResolvConf(plan: DnsPlan, hostSettings: DnsSettings): string {
  const { nameservers, searches, options } = plan.is === 'custom' ? plan.settings : merge(hostSettings, plan.extra)
  const lines = [
    ...(searches.length === 0 ? [] : [['search', ...withinLimits(searches)]]),
    ...nameservers.slice(0, MOST_NAMESERVERS).map((server) => ['nameserver', server]),
    ...(options.length === 0 ? [] : [['options', ...options]]),
  ]
  return lines.map((words) => `${words.map(oneWord).join(' ')}\n`).join('')
}

/** @see resolv.conf(5) */
export function parseResolvConf(text: string): DnsSettings {
  const nameservers: string[] = []
  let searches: string[] = []
  const options: string[] = []
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/)
    if (keyword === 'nameserver') nameservers.push(...words.slice(0, 1))
    // The last one of these wins.
    if (keyword === 'search' || keyword === 'domain') searches = words
    if (keyword === 'options') options.push(...words)
  }
  return { nameservers, searches, options }
}

/**
 * The text of the machine's resolv.conf, or of the one behind a local stub, which a pod with a network of its own can't reach.
 *
 * @param network whose view it is for.
 */
export function readHostResolvConf(network: 'pod' | 'host'): string {
  if (!existsSync(HOST_FILE)) return ''
  const own = readFileSync(HOST_FILE, 'utf8')
  if (network === 'host' || !parseResolvConf(own).nameservers.some(isLoopback)) return own
  return existsSync(BEHIND_STUB_FILE) ? readFileSync(BEHIND_STUB_FILE, 'utf8') : own
}

/** Leaves out servers that are no servers inside of the pod. */
export function reachableFromPod(settings: DnsSettings): DnsSettings {
  return { ...settings, nameservers: settings.nameservers.filter((server) => !isLoopback(server)) }
}

export function isLoopback(server: string): boolean {
  return server.startsWith('127.') || server === '::1'
}

/** As Kubernetes adds dnsConfig to what the policy gives: an option of the same name is replaced. */
function merge(host: DnsSettings, extra: DnsSettings | undefined): DnsSettings {
  if (extra === undefined) return host
  const nameOf = (option: string) => option.split(':')[0]
  const replaced = new Set(extra.options.map(nameOf))
  return {
    nameservers: [...new Set([...host.nameservers, ...extra.nameservers])],
    searches: [...new Set([...host.searches, ...extra.searches])],
    options: [...host.options.filter((option) => !replaced.has(nameOf(option))), ...extra.options],
  }
}

function withinLimits(searches: readonly string[]): string[] {
  const kept: string[] = []
  for (const search of searches.slice(0, MOST_SEARCHES)) {
    if ([...kept, search].join(' ').length > MOST_SEARCH_CHARACTERS) break
    kept.push(search)
  }
  return kept
}
