import type { Agent } from 'node:http'

/**
 * What requests are sent with. Imported as a module node:http evaluates all of its exports, fetch and WebSocket among
 * them: that takes as long as starting Node does.
 */
export const http = process.getBuiltinModule('node:http')

/** Where a Kubernetes API server is reached. */
export interface Endpoint {
  /** Path of a Unix socket on which it speaks HTTP/1.1. */
  readonly socketPath: string
}

/** An endpoint with the connections that are kept open to it. */
export interface OpenEndpoint {
  readonly endpoint: Endpoint
  readonly agent: Agent
}

export function openEndpoint(endpoint: Endpoint): OpenEndpoint {
  // Given, so that Node does not find out whether `localhost` is an IPv6 address, by a pattern that takes 5 ms to compile.
  const withoutTls = { servername: '' }
  return { endpoint, agent: new http.Agent({ keepAlive: true, ...withoutTls }) }
}
