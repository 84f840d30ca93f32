import type { Invocation } from './command.ts'
import { Failure } from '../../failure.ts'
import type { ListenOptions } from './cli-machine.ts'
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
      ...maxBackOffOf(flags.number('max-restart-backoff')),
      listen: { ...addressOf(flags.text('listen')), names: flags.texts('tls-san') },
      onReady: ({ url, socketPath }) => say(`serving on ${url} and ${socketPath}\n`),
      signal: stop.signal,
    })
    return 0
  } finally {
    forget()
  }
}

/** `127.0.0.1:6443`, `[::1]:6443`, `:6443` for all addresses of the machine, `6443` for 127.0.0.1 alone. */
function addressOf(text: string | undefined): Pick<ListenOptions, 'address'> {
  if (text === undefined) return {}
  const { host = '', port = '' } = /^(?:(?<host>.*):)?(?<port>\d{1,5})$/.exec(text)?.groups ?? {}
  if (port === '' || Number(port) > 65_535) {
    throw new Failure('UsageError', `--listen ${JSON.stringify(text)}: must be HOST:PORT, such as 127.0.0.1:6443`)
  }
  const named = host.replace(/^\[(.*)\]$/, '$1')
  const everywhere = text.startsWith(':') ? '0.0.0.0' : '127.0.0.1'
  return { address: { host: named === '' ? everywhere : named, port: Number(port) } }
}

/** The bounds of the kubelet's crashLoopBackOff.maxContainerRestartPeriod (R3). */
function maxBackOffOf(maxRestartBackOffMs: number | undefined): { readonly maxRestartBackOffMs?: number } {
  if (maxRestartBackOffMs === undefined) return {}
  if (maxRestartBackOffMs >= 1_000 && maxRestartBackOffMs <= 300_000) return { maxRestartBackOffMs }
  throw new Failure('UsageError', '--max-restart-backoff: must be between 1s and 5m')
}
