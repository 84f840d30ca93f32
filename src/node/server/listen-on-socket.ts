import { lstatSync, unlinkSync } from 'node:fs'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { Failure, messageOf } from '../../failure.ts'

/** The kernel's limit for the path of a Unix socket (sun_path without its final zero), in bytes. */
const SOCKET_PATH_LIMIT = 107

/**
 * Listens on a Unix socket that only its owner can open. A socket that a killed server left behind is replaced.
 *
 * @throws Failure StateLocked when a living server listens there; SetupFailed
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > SOCKET_PATH_LIMIT) {
    throw new Failure(
      'SetupFailed',
      `listen on "${path}": the path has more than the ${SOCKET_PATH_LIMIT} bytes that the kernel allows; use a shorter state directory`,
    )
  }
  try {
    await bind(server, path)
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EADDRINUSE')) throw cannotListen(path, thrown)
    if (!lstatSync(path).isSocket()) {
      throw new Failure('SetupFailed', `listen on "${path}": there is something that is no socket; move it away`)
    }
    if (await isAlive(path)) {
      throw new Failure('StateLocked', `listen on "${path}": another server answers there; stop that one first`)
    }
    unlinkSync(path)
    await bind(server, path).catch((again: unknown) => {
      throw cannotListen(path, again)
    })
  }
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // The socket is made within this call: with the mask there is no moment at which others could open it.
    const umask = process.umask(0o177)
    try {
      server.listen(path, () => {
        server.off('error', reject)
        resolve()
      })
    } finally {
      process.umask(umask)
    }
  })
}

function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    const answer = (alive: boolean): void => {
      probe.destroy()
      resolve(alive)
    }
    probe.once('connect', () => answer(true))
    probe.once('error', () => answer(false))
  })
}

function cannotListen(path: string, thrown: unknown): Failure {
  return new Failure('SetupFailed', `listen on "${path}": ${messageOf(thrown)}`, { cause: thrown })
}
