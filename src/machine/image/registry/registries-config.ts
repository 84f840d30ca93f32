import { Failure } from '../../../failure.ts'

/** How registries are reached, as people configure it: `registries.json` in the state directory or in /etc/peapod. */
export interface RegistriesConfig {
  /** By registry, such as `docker.io`: base URLs that are asked before it, in order. */
  readonly mirrors: Readonly<Record<string, readonly string[]>>
  /** `host` or `host:port`: any certificate will do, and plain HTTP too. */
  readonly insecure: readonly string[]
}

export const NO_REGISTRIES_CONFIG: RegistriesConfig = { mirrors: {}, insecure: [] }

/**
 * @param file where the text comes from, for messages.
 * @throws Failure Invalid with everything that is wrong with it.
 */
export function parseRegistriesConfig(text: string, file: string): RegistriesConfig {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Failure('Invalid', `read "${file}": it is not JSON`, { cause: error })
  }
  if (!isRecord(value)) throw new Failure('Invalid', `read "${file}": expected an object with "mirrors" or "insecure"`)
  const problems = [
    ...Object.keys(value)
      .filter((key) => key !== 'mirrors' && key !== 'insecure')
      .map((key) => `${key}: unknown field; there are "mirrors" and "insecure"`),
    ...problemsOfMirrors(value['mirrors']),
    ...problemsOfInsecure(value['insecure']),
  ]
  if (problems.length > 0) throw new Failure('Invalid', `read "${file}": ${problems.join('; ')}`)
  const config = value as Partial<RegistriesConfig>
  return { mirrors: config.mirrors ?? {}, insecure: config.insecure ?? [] }
}

function problemsOfMirrors(mirrors: unknown): string[] {
  if (mirrors === undefined) return []
  if (!isRecord(mirrors)) return ['mirrors: expected an object of lists of URLs, by registry']
  return Object.entries(mirrors).flatMap(([registry, urls]) => {
    if (!Array.isArray(urls)) return [`mirrors["${registry}"]: expected a list of URLs`]
    return urls
      .filter((url) => !isBaseUrl(url))
      .map((url) => `mirrors["${registry}"]: ${JSON.stringify(url)} is no http:// or https:// URL`)
  })
}

function problemsOfInsecure(insecure: unknown): string[] {
  if (insecure === undefined) return []
  if (!Array.isArray(insecure)) return ['insecure: expected a list of "host:port"']
  return insecure
    .filter((host) => typeof host !== 'string' || host === '' || host.includes('/'))
    .map((host) => `insecure: ${JSON.stringify(host)} is no host or host:port`)
}

function isBaseUrl(value: unknown): boolean {
  return typeof value === 'string' && /^https?:$/.test(URL.parse(value)?.protocol ?? '')
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
