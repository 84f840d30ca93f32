import type { V1HostAlias, V1PodDNSConfig } from '@kubernetes/client-node'
import type { Draft, Finding } from './finding.ts'
import { invalid, invalidFor, isEmpty, notSupported, required } from './finding.ts'
import { brokenByIP, brokenBySubdomain, isIP } from './names.ts'

const POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']
const MAXIMUM_NAMESERVERS = 3
const MAXIMUM_SEARCHES = 32
const MAXIMUM_SEARCH_CHARACTERS = 2048

export function checkDnsPolicy(policy: string | undefined, field: string): Finding[] {
  if (isEmpty(policy)) return [required(field)]
  return POLICIES.includes(policy) ? [] : [notSupported(field, policy, POLICIES)]
}

/** N2 */
export function checkDnsConfig(
  config: Draft<V1PodDNSConfig> | undefined,
  policy: string | undefined,
  field: string,
): Finding[] {
  if (config === undefined) {
    return policy === 'None' ? [required(field, 'must provide `dnsConfig` when `dnsPolicy` is None')] : []
  }
  const { nameservers = [], searches = [], options = [] } = config
  const nameserversField = `${field}.nameservers`
  return [
    ...(policy === 'None' && nameservers.length === 0
      ? [required(nameserversField, 'must provide at least one DNS nameserver when `dnsPolicy` is None')]
      : []),
    ...(nameservers.length > MAXIMUM_NAMESERVERS
      ? [invalid(nameserversField, nameservers, `must not have more than ${MAXIMUM_NAMESERVERS} nameservers`)]
      : []),
    ...nameservers.flatMap((server, index) => invalidFor(`${nameserversField}[${index}]`, server, brokenByIP(server))),
    ...checkSearches(searches, `${field}.searches`),
    ...options.flatMap((option, index) =>
      isEmpty(option.name) ? [required(`${field}.options[${index}]`, 'must not be empty')] : [],
    ),
  ]
}

// Kubernetes names the list alone; the place is the entry.
export function checkHostAliases(aliases: readonly Draft<V1HostAlias>[], field: string): Finding[] {
  return aliases.flatMap(({ ip = '', hostnames = [] }, index) => [
    ...(isIP(ip)
      ? []
      : [{ ...invalid(`${field}.ip`, ip, 'must be valid IP address'), place: `${field}[${index}].ip` }]),
    ...hostnames.flatMap((hostname, hostnameIndex) =>
      invalidFor(`${field}.hostnames`, hostname, brokenBySubdomain(hostname)).map((finding) => ({
        ...finding,
        place: `${field}[${index}].hostnames[${hostnameIndex}]`,
      })),
    ),
  ])
}

function checkSearches(searches: readonly string[], field: string): Finding[] {
  const sentences = [
    ...(searches.length > MAXIMUM_SEARCHES ? [`must not have more than ${MAXIMUM_SEARCHES} search paths`] : []),
    ...(searches.join(' ').length > MAXIMUM_SEARCH_CHARACTERS
      ? [`must not have more than ${MAXIMUM_SEARCH_CHARACTERS} characters (including spaces) in the search list`]
      : []),
  ]
  return [
    ...invalidFor(field, searches, sentences),
    ...searches.flatMap((search, index) =>
      search === '.' ? [] : invalidFor(`${field}[${index}]`, search, brokenBySubdomain(search.replace(/\.$/, ''))),
    ),
  ]
}
