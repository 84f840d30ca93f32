/**
 * Ends with 0 once every service named answers: an init container that waits.
 *
 *   node wait-for.ts [--timeout SECONDS] tcp://host:port http://host:port/path …
 *
 * tcp: takes a connection. http, https: answers with a status below 400. After the timeout (default: none) it ends with
 * 1 and says which did not answer.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'

const ASK_AGAIN_AFTER_MS = 250
const ONE_TRY_MS = 5_000

const { values, positionals } = parseArgs({ options: { timeout: { type: 'string' } }, allowPositionals: true })
if (positionals.length === 0) {
  console.error('wait-for: name at least one service, such as tcp://database:5432 or http://api:8080/health')
  process.exit(2)
}
process.on('SIGTERM', () => process.exit(143))
const giveUpAtMs = values.timeout === undefined ? Infinity : Date.now() + Number(values.timeout) * 1000

for (const service of positionals) {
  let reason = await whyNotThere(service)
  if (reason !== undefined) console.log(`wait-for: waiting for ${service}: ${reason}`)
  while (reason !== undefined) {
    if (Date.now() > giveUpAtMs) {
      console.error(`wait-for: ${service} did not answer within ${values.timeout} s: ${reason}`)
      process.exit(1)
    }
    await delay(ASK_AGAIN_AFTER_MS)
    reason = await whyNotThere(service)
  }
  console.log(`wait-for: ${service} answers`)
}

async function whyNotThere(service: string): Promise<string | undefined> {
  const url = new URL(service)
  try {
    if (url.protocol === 'tcp:') await takesConnection(url)
    else {
      const answer = await fetch(url, { signal: AbortSignal.timeout(ONE_TRY_MS) })
      await answer.body?.cancel()
      if (answer.status >= 400) return `answered ${answer.status}`
    }
    return undefined
  } catch (error) {
    const { message, cause } = error as Error
    return cause instanceof Error ? cause.message : message
  }
}

async function takesConnection(url: URL): Promise<void> {
  const socket = connect({ host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port), timeout: ONE_TRY_MS })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(ONE_TRY_MS) })
  } finally {
    socket.destroy()
  }
}
