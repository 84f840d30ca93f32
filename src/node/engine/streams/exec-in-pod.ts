import { Failure, messageOf } from '../../../failure.ts'
import type { Pod } from '../../../kube/api/pod.ts'
import type { RunningProgram } from '../../../machine/runtime/container-streams.ts'
import { runningInstance, type StreamParts } from './running-instance.ts'

export interface ExecOptions {
  readonly container: string
  readonly command: readonly string[]
  readonly stdin: boolean
  readonly tty: boolean
}

/**
 * @returns how to begin the program, once it is known that the container runs.
 * @throws Failure NotFound when it does not
 */
export function execInPod(
  { engine, runtime }: StreamParts,
  pod: Pod,
  { container, command, stdin, tty }: ExecOptions,
): () => Promise<RunningProgram> {
  const { id } = runningInstance(engine, pod, container)
  return () =>
    Promise.try(() => {
      const running = runtime.openExec(id, { args: command, terminal: tty, stdin })
      const ended = running.ended.catch((thrown: unknown) => {
        throw cannotExec(thrown, id, container)
      })
      return { ...running, ended }
    })
}

/** In the words of a Kubernetes node, whose runtime's words they are. */
function cannotExec(thrown: unknown, id: string, container: string): Failure {
  const said = thrown instanceof Failure ? thrown.details?.['said'] : undefined
  const why =
    typeof said === 'string' ? `OCI runtime exec failed: ${said}: unknown` : messageOf(thrown).replaceAll(id, container)
  const tried = 'error executing command in container: failed to exec in container'
  return new Failure('StartError', `${tried}: failed to start exec in ${JSON.stringify(container)}: ${why}`, {
    cause: thrown,
  })
}
