import { Failure, messageOf } from '../../../failure.ts'
import type { ContainerRuntime } from '../../../machine/runtime/container-runtime.ts'
import { durationText, type ProbeFinding, type ProbeLimits } from './probe-finding.ts'

/** Runs a program in the container: exit code 0 is success (P12). What can't be run at all is an error (P7). */
export async function probeExec(
  runtime: Pick<ContainerRuntime, 'exec'>,
  target: { readonly instance: string; readonly command: readonly string[] },
  limits: ProbeLimits,
): Promise<ProbeFinding> {
  try {
    const { exitCode, output, timedOut } = await runtime.exec(target.instance, {
      args: target.command,
      workingDir: '/',
      timeoutMs: limits.timeoutSeconds * 1000,
      signal: limits.signal,
    })
    if (timedOut) {
      const command = target.command.join(' ')
      const after = durationText(limits.timeoutSeconds)
      return { is: 'failure', message: `command timed out: "${command}" timed out after ${after}` }
    }
    return exitCode === 0 ? { is: 'success' } : { is: 'failure', message: output }
  } catch (error) {
    if (error instanceof Failure && error.reason === 'NotFound') return { is: 'gone' }
    return { is: 'error', message: messageOf(error) }
  }
}
