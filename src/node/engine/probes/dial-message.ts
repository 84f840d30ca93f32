/** The kubelet's words for the errors of a connection; others are told as Node tells them. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  ECONNRESET: 'connect: connection reset by peer',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  EADDRNOTAVAIL: 'connect: cannot assign requested address',
  EACCES: 'connect: permission denied',
  EPERM: 'connect: operation not permitted',
  EMFILE: 'socket: too many open files',
  ETIMEDOUT: 'connect: connection timed out',
}

/** `dial tcp 10.0.0.2:80: connect: connection refused` */
export function dialMessage(address: string, error: unknown): string {
  const { code = '', message, hostname } = error as NodeJS.ErrnoException & { hostname?: string }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${hostname ?? address}: no such host`
  return `dial tcp ${address}: ${WORDS[code] ?? message}`
}

export function dialTimeout(address: string): string {
  return `dial tcp ${address}: i/o timeout`
}

/** `10.0.0.2:80`, `[::1]:80` */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
