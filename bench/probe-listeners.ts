import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { HTTP_PORT, podAddresses, TCP_PORT } from './probe-addresses.ts'

// The other side of probes.ts, in a process of its own: what its servers cost is not the prober's.

const servers = podAddresses().flatMap((host) => [
  createHttpServer((_request, response) => response.end('ok')).listen(HTTP_PORT, host),
  createServer((socket) => socket.on('error', () => undefined).destroy()).listen(TCP_PORT, host),
])
await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))))
process.send?.('listening')
// Whoever started it is gone.
process.once('disconnect', () => process.exit())
