import { Document, isMap, isSeq, parseDocument } from 'yaml'
import { Failure } from '../../../failure.ts'

/** What a client needs to reach a server and be let in. */
export interface ServerAccess {
  /** Such as `https://127.0.0.1:6443`. */
  readonly url: string
  /** PEM. */
  readonly authority: string
  readonly certificate: string
  readonly key: string
  /** The machine's name. */
  readonly machine: string
}

/** The name under which a machine's cluster, user and context stand in a kubeconfig. */
export function contextName(machine: string): string {
  return `peapod-${machine}`
}

/**
 * A kubeconfig with the access to a server, which becomes the current context. Everything else in it stays as it is.
 *
 * @param existing the text of a kubeconfig; '' for none.
 * @throws Failure UsageError for a text that is none
 */
export function mergeKubeconfig(existing: string, access: ServerAccess, file = 'kubeconfig'): string {
  const document = existing.trim() === '' ? emptyConfig() : parseConfig(existing, file)
  const name = contextName(access.machine)
  const cluster = { 'certificate-authority-data': base64(access.authority), server: access.url }
  const user = {
    'client-certificate-data': base64(access.certificate),
    'client-key-data': base64(access.key),
  }
  put(document, 'clusters', { name: access.machine, cluster }, file)
  put(document, 'users', { name, user }, file)
  put(document, 'contexts', { name, context: { cluster: access.machine, user: name } }, file)
  document.set('current-context', name)
  return document.toString({ lineWidth: 0 })
}

function emptyConfig(): Document {
  return new Document({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [],
    users: [],
    contexts: [],
    'current-context': '',
  })
}

function parseConfig(text: string, file: string): Document {
  const document = parseDocument(text)
  const [error] = document.errors
  if (error !== undefined) throw noKubeconfig(file, error.message)
  if (!isMap(document.contents)) throw noKubeconfig(file, 'it is no YAML mapping')
  return document
}

type NamedEntry = Readonly<Record<string, unknown>> & { readonly name: string }

/** In the place of the entry of that name, or at the end. */
function put(document: Document, list: string, entry: NamedEntry, file: string): void {
  const found = document.get(list)
  const node = document.createNode(entry)
  if (found === undefined || found === null) {
    document.set(list, document.createNode([entry]))
    return
  }
  if (!isSeq(found)) throw noKubeconfig(file, `"${list}" is no list`)
  const entries = found
  const at = entries.items.findIndex((item) => isMap(item) && item.get('name') === entry.name)
  // An empty list is written as [] until it holds something.
  entries.flow = false
  if (at === -1) entries.add(node)
  else entries.set(at, node)
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

function noKubeconfig(file: string, why: string): Failure {
  return new Failure('UsageError', `read the kubeconfig ${JSON.stringify(file)}: ${why}; nothing was written`)
}
