import type { Invocation } from './command.ts'
import { writeText } from './output.ts'

/** Serves until SIGTERM or Ctrl-C, and leaves the Pods running. */
export async function serve({ flags, environment }: Invocation): Promise<number> {
  const { stderr } = environment
  const stop = new AbortController()
  const say = (text: string): void => void writeText(stderr, text).catch(() => undefined)
  const forget = environment.onInterrupt((signal) => {
    if (!stop.signal.aborted) say(`${signal}: stopping; the Pods go on\n`)
    stop.abort()
  })
  try {
    await environment.machine.serve({
      stateDirectory: flags.stateDirectory(environment.env),
      restartBackOff: flags.text('restart-backoff') === 'fast' ? 'fast' : 'normal',
      onReady: (socketPath) => say(`serving on ${socketPath}\n`),
      signal: stop.signal,
    })
    return 0
  } finally {
    forget()
  }
}
