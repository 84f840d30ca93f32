import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { readDocs } from '../../../../kube/api/docs.ts'
import { loadAllTypes } from '../../../../kube/api/schema.ts'
import { checkAcceptsJson } from '../../accepts-json.ts'
import type { Answer } from '../../answer.ts'
import { allKinds } from '../../kinds/kinds.ts'
import { discoveredGroups } from '../discovered-groups.ts'
import type { DocumentRequest } from '../document.ts'
import { ComponentNames } from './component-names.ts'
import { OPENAPI_V2_PROTOBUF, openapiV2Protobuf } from './openapi-v2-protobuf.ts'
import { openapiV2 } from './openapi-v2.ts'
import { openapiV3 } from './openapi-v3.ts'

const YEAR_SECONDS = 31_536_000

interface Packed {
  readonly contentType: string
  /** Of the document: changes when it does. */
  readonly hash: string
  readonly gzipped: Uint8Array
}

let packed: Promise<ReadonlyMap<string, Packed>> | undefined

const PROTOBUF_PATH = '/openapi/v2 as protobuf'

/** `/openapi/v3`, `/openapi/v3/api/v1`, `/openapi/v2` …; undefined when there is no such document. */
export async function openapiDocument(request: DocumentRequest, path: string): Promise<Answer | undefined> {
  // They depend on the program alone. Only their gzipped form is kept: a tenth of them.
  packed ??= packDocuments()
  const documents = await packed
  if (!wantsProtobuf(request, path)) checkAcceptsJson(request.headers.accept)
  if (path === '/openapi/v3') return sendIndex(documents)
  const document = documents.get(wantsProtobuf(request, path) ? PROTOBUF_PATH : path)
  return document === undefined ? undefined : sendPacked(document, request)
}

async function packDocuments(): Promise<ReadonlyMap<string, Packed>> {
  await loadAllTypes()
  const groups = discoveredGroups(await allKinds())
  const source = { docs: await readDocs(), names: new ComponentNames() }
  const documents = new Map<string, Packed>()
  for (const { name, versions } of groups) {
    for (const version of versions) {
      const path = `/openapi/v3/${name === '' ? 'api' : 'apis'}/${version.groupVersion}`
      documents.set(path, await pack(openapiV3(version, source)))
    }
  }
  documents.set('/openapi/v2', await pack(openapiV2(groups, source)))
  documents.set(PROTOBUF_PATH, await packBytes(openapiV2Protobuf(groups), OPENAPI_V2_PROTOBUF))
  return documents
}

/** The one document that there is in protobuf, for who takes no other form. */
function wantsProtobuf({ headers: { accept = '' } }: DocumentRequest, path: string): boolean {
  const [first = ''] = accept.split(/[,;]/)
  // Until 1.34 clients wrote the name with a character that media types may not have.
  return path === '/openapi/v2' && first.trim().replace('@', '.') === OPENAPI_V2_PROTOBUF
}

function pack(document: unknown): Promise<Packed> {
  return packBytes(Buffer.from(JSON.stringify(document)), 'application/json')
}

async function packBytes(bytes: Uint8Array, contentType: string): Promise<Packed> {
  const hash = createHash('sha256').update(bytes).digest('hex').toUpperCase()
  return { contentType, hash, gzipped: await promisify(gzip)(bytes) }
}

function sendIndex(documents: ReadonlyMap<string, Packed>): Answer {
  const prefix = '/openapi/v3/'
  const paths = [...documents].flatMap(([path, { hash }]) =>
    path.startsWith(prefix)
      ? [[path.slice(prefix.length), { serverRelativeURL: `${path}?hash=${hash}` }] as const]
      : [],
  )
  const body = JSON.stringify({ paths: Object.fromEntries(paths) })
  return { is: 'whole', code: 200, contentType: 'application/json', body }
}

async function sendPacked(
  { contentType, hash, gzipped }: Packed,
  { headers, query }: DocumentRequest,
): Promise<Answer> {
  const etag = `"${hash}"`
  // A URL with the right hash never means anything else.
  const caching = query.get('hash') === hash ? `public, immutable, max-age=${YEAR_SECONDS}` : 'no-cache, private'
  const answer = { is: 'whole', contentType } as const
  const answerHeaders = { etag, vary: 'Accept, Accept-Encoding', 'cache-control': caching }
  if (headers['if-none-match'] === etag) return { ...answer, code: 304, body: '', headers: answerHeaders }
  const takesGzip = String(headers['accept-encoding'] ?? '').includes('gzip')
  return takesGzip
    ? { ...answer, code: 200, body: gzipped, headers: { ...answerHeaders, 'content-encoding': 'gzip' } }
    : { ...answer, code: 200, body: await promisify(gunzip)(gzipped), headers: answerHeaders }
}
