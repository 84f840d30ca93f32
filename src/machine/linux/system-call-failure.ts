import { getSystemErrorMessage, getSystemErrorName } from 'node:util'
import { Failure } from '../../failure.ts'
import type { Answer } from './libc.ts'

/** What a person can do about some answers; the others speak for themselves. */
const ADVICE: Readonly<Record<string, string>> = {
  EPERM: 'run as root, with all capabilities',
  EMFILE: 'raise the limit of open files (ulimit -n)',
  ENFILE: 'raise the machine-wide limit of open files (fs.file-max)',
  ENOSPC: 'free some space, or raise the limit that the kernel sets (fs.mount-max for mounts)',
  ENOSYS: 'use Linux 5.12 or newer',
}

/**
 * The kernel's answer when it is no error.
 *
 * @param tried what was tried on what, such as `mount tmpfs on "/x"`.
 * @throws Failure SystemCallFailed; its details carry `errno`, such as `EBUSY`.
 */
export function succeeded(answer: Answer, tried: string): number {
  if (answer >= 0) return answer
  throw systemCallFailure(answer, tried)
}

/** @param answer a negative errno. */
export function systemCallFailure(answer: Answer, tried: string): Failure {
  const errno = getSystemErrorName(answer)
  const advice = ADVICE[errno]
  const message = `${tried}: ${errno} (${getSystemErrorMessage(answer)})${advice === undefined ? '' : `; ${advice}`}`
  return new Failure('SystemCallFailed', message, { details: { errno } })
}

/** The errno name of what a system call of Node's or of ours threw, such as `ENOENT`; undefined for anything else. */
export function errnoOf(thrown: unknown): string | undefined {
  if (thrown instanceof Failure) return thrown.details?.['errno'] as string | undefined
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : undefined
}
