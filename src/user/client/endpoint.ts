import type { Agent, ClientRequest, RequestOptions } from 'node:http'

/**
 * What requests are sent with. Imported as a module node:http evaluates all of its exports, fetch and WebSocket among
 * them: that takes as long as starting Node does.
 */
export const http = process.getBuiltinModule('node:http')

/** Where a Kubernetes API server of this machine is reached. */
export interface Endpoint {
  /** Path of a Unix socket on which it speaks HTTP/1.1. */
  readonly socketPath: string
}

/** How a request gets to the server now: certificates and tokens may be others the next time. */
export interface Way {
  /** Of node:http or of node:https. */
  readonly request: (options: RequestOptions) => ClientRequest
  /** Where to, and for https the certificates: as both modules, `tls.connect` and WebSocket clients take them. */
  readonly options: RequestOptions
  /** Keeps connections open. */
  readonly agent: Agent
  /** `http` or `https`. */
  readonly scheme: string
  /** Before the path of each request: '' or such as `/k8s/clusters/c-1`. */
  readonly basePath: string
  /** Sent with each request: the host, and who asks. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>
}

/** An endpoint with the connections that are kept open to it. */
export interface OpenEndpoint {
  /** For messages: the path of a socket, or a URL. */
  readonly address: string
  way(): Promise<Way>
  /** Told what a server has to say beside its answer: sentences of `Warning` headers. */
  onWarning?: (sentence: string) => void
  /** The server did not know who asked (401). @returns whether the next way may take somebody else along. */
  renew(): boolean
  /** Closes the idle connections. */
  close(): void
}

export function openEndpoint({ socketPath }: Endpoint): OpenEndpoint {
  // Given, so that Node does not find out whether `localhost` is an IPv6 address, by a pattern that takes 5 ms to compile.
  const withoutTls = { servername: '' }
  const agent = new http.Agent({ keepAlive: true, ...withoutTls })
  const headers = { host: 'localhost' }
  const way: Way = { request: http.request, options: { socketPath }, agent, scheme: 'http', basePath: '', headers }
  return {
    address: socketPath,
    way: () => Promise.resolve(way),
    renew: () => false,
    close: () => agent.destroy(),
  }
}
