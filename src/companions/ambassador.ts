/**
 * Takes connections on localhost and leads them to the server that this environment means: the ambassador pattern.
 *
 *   node ambassador.ts           with LISTEN=5432 ROUTE=dev ROUTES=dev=db-dev:5432,prod=db-prod:5432
 *
 * The app always talks to localhost; only ROUTE changes between development, testing and production. A connection is
 * tried again for CONNECT_SECONDS (default 10) while the server does not answer. Half-closed connections stay open.
 */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const RETRY_AFTER_MS = 200

const { LISTEN, ROUTE, ROUTES, CONNECT_SECONDS = '10' } = process.env
if (LISTEN === undefined || ROUTES === undefined) {
  console.error('ambassador: set LISTEN (a port), ROUTES (name=host:port,…) and ROUTE (one of the names)')
  process.exit(2)
}
const routes = new Map(
  ROUTES.split(',').map((route) => {
    const [name = '', target = ''] = route.trim().split('=')
    return [name, target] as const
  }),
)
const target = routes.get(ROUTE ?? '') ?? ''
if (!/.:\d+$/.test(target)) {
  console.error(`ambassador: ROUTE "${ROUTE ?? ''}" is none of ${[...routes.keys()].join(', ')}, or not host:port`)
  process.exit(2)
}
const [targetHost = '', targetPort = ''] = target.split(/:(?=\d+$)/)

const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => void lead(client))
server.listen(Number(LISTEN), '127.0.0.1', () => console.log(`ambassador: localhost:${LISTEN} → ${ROUTE} (${target})`))
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    // Connections that are open may finish; no new ones.
    server.close(() => process.exit(0))
  })
}

async function lead(client: Socket): Promise<void> {
  client.on('error', () => client.destroy())
  const upstream = await reach(client)
  if (upstream === undefined) {
    console.error(`ambassador: ${target} did not answer within ${CONNECT_SECONDS} s`)
    client.destroy()
    return
  }
  upstream.on('error', () => client.destroy())
  client.on('close', () => upstream.destroy())
  client.pipe(upstream)
  upstream.pipe(client)
}

async function reach(client: Socket): Promise<Socket | undefined> {
  const giveUpAtMs = Date.now() + Number(CONNECT_SECONDS) * 1000
  while (Date.now() < giveUpAtMs && !client.destroyed) {
    const upstream = connect({ host: targetHost, port: Number(targetPort), allowHalfOpen: true })
    try {
      await once(upstream, 'connect')
      return upstream
    } catch {
      upstream.destroy()
      await delay(RETRY_AFTER_MS)
    }
  }
  return undefined
}
