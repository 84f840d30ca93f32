/**
 * Stands in for a program that is not at hand, so that a manifest can be tried without its images: it runs until it is
 * asked to stop, and answers HTTP on those of its ports that no other container of the pod has.
 *
 *   node stand-in.ts             with PORTS=80,8080 (the default)
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { hostname } from 'node:os'

const ports = (process.env['PORTS'] ?? '80,8080').split(',').map(Number)
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    console.log('stand-in: asked to stop')
    process.exit(0)
  })
}

const served = (await Promise.all(ports.map(serve))).filter((port) => port !== undefined)
console.log(
  `stand-in: ${served.length === 0 ? 'every port is taken: only waiting' : `listening on ${served.join(', ')}`}`,
)
// Without a server to listen nothing else would keep the process.
setInterval(() => undefined, 60_000)

/** @returns undefined for a port that is taken. */
async function serve(port: number): Promise<number | undefined> {
  const server = createServer((request, response) => {
    console.log(`stand-in: ${request.method} ${request.url}`)
    response.end(`a stand-in in pod ${hostname()}\n`)
  })
  server.listen(port)
  try {
    await once(server, 'listening')
    return port
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined
    throw error
  }
}
