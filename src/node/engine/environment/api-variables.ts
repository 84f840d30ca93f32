import { isIPv6 } from 'node:net'
import type { ApiAddress } from '../pod-api.ts'

/** The variables by which client libraries in pods find the API: those of the Service `kubernetes`. */
export function apiVariables({ host, port }: ApiAddress): ReadonlyMap<string, string> {
  const url = `tcp://${isIPv6(host) ? `[${host}]` : host}:${port}`
  return new Map([
    ['KUBERNETES_SERVICE_HOST', host],
    ['KUBERNETES_SERVICE_PORT', String(port)],
    ['KUBERNETES_SERVICE_PORT_HTTPS', String(port)],
    ['KUBERNETES_PORT', url],
    [`KUBERNETES_PORT_${port}_TCP`, url],
    [`KUBERNETES_PORT_${port}_TCP_PROTO`, 'tcp'],
    [`KUBERNETES_PORT_${port}_TCP_PORT`, String(port)],
    [`KUBERNETES_PORT_${port}_TCP_ADDR`, host],
  ])
}
