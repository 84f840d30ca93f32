import { Failure } from '../../../failure.ts'
import { statusFailure } from '../status-failure.ts'
import type { ChannelsEnd } from './channels.ts'

interface EndStatus {
  readonly status?: string
  readonly reason?: string
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] }
  readonly code?: number
}

/** How a program ended that ran in a container. */
export interface CommandOutcome {
  /** For error messages: `run a command in pod "web"`. */
  readonly what: string
  /** What came on the error channel: a Status, as JSON. */
  readonly words: string
  readonly end: ChannelsEnd
}

/**
 * The exit code of a program.
 *
 * @throws Failure when it could not be run, or the connection broke before its end was told.
 */
export function commandExitCode({ what, words, end }: CommandOutcome): number {
  if (words === '') {
    const why = end.reason === '' ? `WebSocket code ${end.code}` : end.reason
    throw new Failure('ServiceUnavailable', `${what}: the connection broke before the end was told (${why})`)
  }
  const status = parse(words)
  if (status?.status === 'Success') return 0
  const told = status?.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message ?? ''
  if (status?.reason === 'NonZeroExitCode' && /^\d+$/.test(told)) return Number(told)
  throw statusFailure({ what, statusCode: status?.code ?? 500, body: words })
}

function parse(words: string): EndStatus | undefined {
  try {
    const value: unknown = JSON.parse(words)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    // A node's own words: they go into the message as they are.
    return undefined
  }
}
