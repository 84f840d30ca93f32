import type { ContainerPlan } from '../container-runtime.ts'
import type { ContainerFiles, RuntimeLayout } from './runtime-layout.ts'

export interface ConmonPrograms {
  readonly conmonProgram: string
  readonly runtimeProgram: string
}

/**
 * The argv that makes one container under conmon.
 *
 * Its log grows without a limit: the owner of the log rotates it (rotate-log.ts). conmon's own limit on a log's size throws
 * away what it has written.
 *
 * @see conmon(8)
 */
export function buildConmonCommand(
  programs: ConmonPrograms,
  plan: ContainerPlan,
  files: { readonly layout: RuntimeLayout; readonly container: ContainerFiles },
): string[] {
  const { layout, container } = files
  return [
    programs.conmonProgram,
    // Not forked off: our child until we end, so that its end is noticed and no zombie is left to a lazy process 1.
    '--sync',
    '--api-version=1',
    `--cid=${plan.id}`,
    `--cuuid=${plan.id}`,
    `--name=${plan.id}`,
    `--runtime=${programs.runtimeProgram}`,
    `--runtime-arg=--root=${layout.stateRoot}`,
    `--bundle=${plan.directory}`,
    `--container-pidfile=${container.pidFile}`,
    `--log-path=k8s-file:${plan.logFile}`,
    '--log-level=error',
    // A log outlives a crash of the machine no more than its container does: no fsync at each container's end.
    '--no-sync-log',
    `--exit-dir=${layout.exits}`,
    `--persist-dir=${container.record}`,
    // The attach socket goes into the container's directory under its whole path: others are cut off at 107 bytes.
    '--full-attach',
    ...(plan.terminal ? ['--terminal'] : []),
    ...(plan.stdin ? ['--stdin', ...(plan.stdinOnce === true ? [] : ['--leave-stdin-open'])] : []),
  ]
}
