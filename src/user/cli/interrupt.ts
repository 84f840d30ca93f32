import { Failure } from '../../failure.ts'
import type { CliEnvironment } from './cli-environment.ts'

/**
 * Runs something that Ctrl-C and SIGTERM abort. For commands that have nothing to take down: what was begun cleans up
 * after itself when its signal aborts.
 *
 * @throws Failure Interrupted, whatever the aborted work threw.
 */
export async function withInterrupt<T>(
  environment: Pick<CliEnvironment, 'onInterrupt'>,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController()
  const forget = environment.onInterrupt((name) =>
    abort.abort(new Failure('Interrupted', `interrupted by ${name}`, { details: { signal: name } })),
  )
  try {
    return await work(abort.signal)
  } catch (error) {
    abort.signal.throwIfAborted()
    throw error
  } finally {
    forget()
  }
}
