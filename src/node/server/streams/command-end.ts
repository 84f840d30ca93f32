import { messageOf } from '../../../failure.ts'
import type { Status } from '../status.ts'

/** How a program that a client began, or watched, came to its end. */
export type CommandEnd =
  | { readonly is: 'ended'; readonly exitCode: number; readonly command: readonly string[] }
  /** It goes on, or nobody is told how it ended. */
  | { readonly is: 'left' }
  | { readonly is: 'failed'; readonly thrown: unknown }

/** What the error stream says, in the words of a Kubernetes node. @see remotecommand.go of k8s.io/kubelet */
function endStatus(end: CommandEnd): Status {
  if (end.is === 'failed') {
    const message = `Internal error occurred: ${messageOf(end.thrown)}`
    return {
      ...FAILURE,
      message,
      reason: 'InternalError',
      details: { causes: [{ message: messageOf(end.thrown) }] },
      code: 500,
    }
  }
  if (end.is === 'left' || end.exitCode === 0) return { ...FAILURE, status: 'Success' }
  const { exitCode, command } = end
  return {
    ...FAILURE,
    message: `command terminated with non-zero exit code: error executing command [${command.join(' ')}], exit code ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  }
}

const FAILURE = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' } as const

/**
 * The bytes for the error stream.
 *
 * @param format plain words are for the protocols before the fourth version; they say nothing of a success.
 */
export function endBytes(end: CommandEnd, format: 'status' | 'words'): Buffer {
  const status = endStatus(end)
  if (format === 'status') return Buffer.from(JSON.stringify(status))
  return Buffer.from(status.status === 'Success' ? '' : (status.message ?? ''))
}
