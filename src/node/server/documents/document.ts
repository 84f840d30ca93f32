import { type Answer, jsonAnswer, textAnswer } from '../answer.ts'
import { allKinds } from '../kinds/kinds.ts'
import type { ServerParts } from '../server-parts.ts'
import { aggregatedDiscovery, discoveryContentType, wantedDiscovery } from './aggregated-discovery.ts'
import { coreVersions, groupDocument, groupList, resourceList } from './discovery.ts'
import { healthDocument } from './health.ts'
import { taggedAnswer } from './tagged-answer.ts'
import { versionDocument } from './version.ts'

/** A request for something that is served beside objects. */
export interface DocumentRequest {
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: {
    readonly accept?: string | undefined
    readonly 'if-none-match'?: string | undefined
    readonly 'accept-encoding'?: string | string[] | undefined
  }
}

/** Discovery, health, the schema: what is no object. A slash at the end of a path makes no difference. */
export async function getDocument(parts: ServerParts, request: DocumentRequest): Promise<Answer> {
  const path = request.path.replace(/(?<=.)\/$/, '')
  const [, root = '', ...rest] = path.split('/')
  switch (root) {
    case '':
      return json(await rootPaths(parts))
    case 'api':
    case 'apis':
      return discover(request, root, rest)
    case 'openapi':
      return openapi(request, path)
    case 'version':
      return rest.length === 0 ? json(versionDocument(parts.version)) : notFound()
    case 'openid':
    case '.well-known':
      return openidDocument(parts, path)
    case 'metrics':
      return rest.length === 0 ? metricsDocument(parts) : notFound()
    case 'healthz':
    case 'livez':
    case 'readyz':
      return healthDocument(parts, request, { endpoint: root, check: rest.join('/') }) ?? notFound()
    default:
      return notFound()
  }
}

async function discover(request: DocumentRequest, root: 'api' | 'apis', rest: readonly string[]): Promise<Answer> {
  const kinds = await allKinds()
  const [first, second, ...more] = rest
  if (more.length > 0) return notFound()
  if (first === undefined) {
    const wanted = wantedDiscovery(request.headers.accept)
    if (wanted === undefined) return json(root === 'api' ? coreVersions() : groupList(kinds))
    const document = aggregatedDiscovery(kinds, `/${root}`, wanted)
    const contentType = discoveryContentType(wanted)
    return taggedAnswer(request, { contentType, body: JSON.stringify(document), vary: 'Accept' })
  }
  if (root === 'api') return second === undefined ? json(resourceList(kinds, '', first)) : notFound()
  return json(second === undefined ? groupDocument(kinds, first) : resourceList(kinds, first, second))
}

/** By which others check the tokens of service accounts. */
async function openidDocument({ signing }: ServerParts, path: string): Promise<Answer> {
  if (signing === undefined) return notFound()
  const { keySet, openidConfiguration } = await import('../access/service-account-tokens.ts')
  if (path === '/openid/v1/jwks') return json(keySet(signing))
  return path === '/.well-known/openid-configuration' ? json(openidConfiguration()) : notFound()
}

/** Numbers for Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats */
function metricsDocument({ metrics }: ServerParts): Answer {
  if (metrics === undefined) return notFound()
  return { is: 'whole', code: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: metrics.text() }
}

async function openapi(request: DocumentRequest, path: string): Promise<Answer> {
  // Most of a second's work for a slow machine, and most servers are never asked for it.
  const { openapiDocument } = await import('./openapi/openapi-documents.ts')
  return (await openapiDocument(request, path)) ?? notFound()
}

/** `/`: the paths under which there is something. */
async function rootPaths({ metrics }: ServerParts): Promise<unknown> {
  const groups = (await allKinds()).map(({ resource }) => resource).filter(({ group }) => group !== '')
  const paths = groups.flatMap(({ group, version }) => [`/apis/${group}`, `/apis/${group}/${version}`])
  const beside = ['/healthz', '/livez', ...(metrics === undefined ? [] : ['/metrics']), '/readyz', '/version']
  return { paths: [...new Set(['/api', '/api/v1', '/apis', ...paths.toSorted(), ...beside])] }
}

function json(value: unknown): Answer {
  return value === undefined ? notFound() : jsonAnswer(200, JSON.stringify(value))
}

function notFound(): Answer {
  return textAnswer(404, '404 page not found\n')
}
