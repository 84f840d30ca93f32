import type { RegistriesConfig } from './registries-config.ts'

/** One place that serves a registry. */
export interface RegistryEndpoint {
  /** For messages: host with port. */
  readonly name: string
  /** What its credentials are filed under: a mirror never sees those of the registry that it mirrors. */
  readonly registry: string
  /** Without a slash at the end; tried in order until one can be talked to. */
  readonly baseUrls: readonly string[]
  /** Any certificate will do. */
  readonly insecureTls: boolean
}

/**
 * Who to ask for a registry's images, in order: its mirrors, then itself. Plain HTTP comes after HTTPS, and only for
 * this machine itself and what the user calls insecure.
 */
export function endpointsOf(registry: string, config: RegistriesConfig): RegistryEndpoint[] {
  const mirrors = config.mirrors[registry] ?? []
  return [...mirrors.map((url) => mirrorEndpoint(url, config)), ownEndpoint(registry, config)]
}

/** The registry itself: what pushes go to. */
export function ownEndpoint(registry: string, config: RegistriesConfig): RegistryEndpoint {
  const name = registry === 'docker.io' ? 'registry-1.docker.io' : registry
  const insecureTls = isInsecure(registry, config)
  const baseUrls = insecureTls || isLoopback(registry) ? [`https://${name}`, `http://${name}`] : [`https://${name}`]
  return { name, registry, baseUrls, insecureTls }
}

function mirrorEndpoint(url: string, config: RegistriesConfig): RegistryEndpoint {
  const { host } = new URL(url)
  return { name: host, registry: host, baseUrls: [url.replace(/\/+$/, '')], insecureTls: isInsecure(host, config) }
}

function isInsecure(host: string, config: RegistriesConfig): boolean {
  return config.insecure.includes(host) || config.insecure.includes(withoutPort(host))
}

/** Does a host (with or without a port) name this machine? */
export function isLoopback(host: string): boolean {
  const name = withoutPort(host)
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name)
}

function withoutPort(host: string): string {
  return host.replace(/:\d+$/, '')
}
