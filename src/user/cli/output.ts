import type { OutputStream } from './cli-environment.ts'

/**
 * Writes and waits until the stream has taken it, so that a slow reader slows the writer down instead of filling memory.
 *
 * @throws what the stream failed with, EPIPE when its reader went away.
 */
export function writeText(stream: OutputStream, text: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (error) reject(error)
      else resolve()
    })
  })
}

/** Whether colours may be used on it. NO_COLOR and FORCE_COLOR count when they are not empty. */
export function hasColours(stream: OutputStream, env: Readonly<Record<string, string | undefined>>): boolean {
  if (env['NO_COLOR']) return false
  if (env['FORCE_COLOR']) return env['FORCE_COLOR'] !== '0'
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}
