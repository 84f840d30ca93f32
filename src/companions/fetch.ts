/**
 * Fetches files into a shared volume: an init container that brings content or code.
 *
 *   node fetch.ts URL DESTINATION [URL DESTINATION …]      with SHA256=… to check a single file
 *
 * The destination is a file; its folder is made. It appears whole or not at all. Tried again on errors for
 * RETRY_SECONDS (default 60).
 */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'

const RETRY_AFTER_MS = 500

const { SHA256, RETRY_SECONDS = '60' } = process.env
const wanted = process.argv.slice(2)
if (wanted.length === 0 || wanted.length % 2 !== 0) {
  console.error('fetch: give a URL and a destination file, then further pairs')
  process.exit(2)
}
process.on('SIGTERM', () => process.exit(143))

const giveUpAtMs = Date.now() + Number(RETRY_SECONDS) * 1000
for (let index = 0; index < wanted.length; index += 2) {
  await fetchWithRetry(wanted[index] ?? '', wanted[index + 1] ?? '')
}

async function fetchWithRetry(url: string, destination: string): Promise<void> {
  for (;;) {
    try {
      const bytes = await fetchFile(url, destination)
      console.log(`fetch: ${url} → ${destination} (${bytes} bytes)`)
      return
    } catch (error) {
      const { message, cause } = error as Error
      const reason = cause instanceof Error ? cause.message : message
      if (Date.now() > giveUpAtMs) {
        console.error(`fetch: ${url}: ${reason}`)
        process.exit(1)
      }
      console.error(`fetch: ${url}: ${reason}; trying again`)
      await delay(RETRY_AFTER_MS)
    }
  }
}

async function fetchFile(url: string, destination: string): Promise<number> {
  const answer = await fetch(url)
  if (!answer.ok || answer.body === null) throw new Error(`answered ${answer.status} ${answer.statusText}`)
  await mkdir(dirname(destination), { recursive: true })
  const unfinished = `${destination}.part`
  const hash = createHash('sha256')
  let bytes = 0
  try {
    await pipeline(
      answer.body,
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          hash.update(chunk)
          bytes += chunk.length
          yield chunk
        }
      },
      createWriteStream(unfinished),
    )
    const digest = hash.digest('hex')
    if (SHA256 !== undefined && SHA256 !== digest) throw new Error(`its sha256 is ${digest}, not ${SHA256}`)
    await rename(unfinished, destination)
  } finally {
    await rm(unfinished, { force: true })
  }
  return bytes
}
