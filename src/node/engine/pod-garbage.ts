import type { ContainerState, ObservedPod } from '../../kube/lifecycle/observed-pod.ts'

/** What of a container stays for people, beside the newest instance: the log of the one before (`logs --previous`). */
const KEPT_LOGS = 2

/**
 * Instances that have ended, and whose end is on the record: their root filesystem, cgroup and runtime state serve nobody
 * any more. None while a start is under way: that comes first.
 */
export function deadInstances<T extends { readonly id: string; readonly container: string }>(
  instances: Iterable<T>,
  seen: ObservedPod,
): T[] {
  const states = Object.values(seen.containers).map(({ state }) => state.is)
  if (states.includes('starting')) return []
  return [...instances].filter(({ id, container }) => isDead(id, seen.containers[container]?.state))
}

/** One without a state was made ahead of its start. */
function isDead(id: string, state: ContainerState | undefined): boolean {
  return state?.is === 'exited' || (state?.is === 'running' && state.id !== id)
}

/**
 * Of the files in a container's log folder, those of instances before the one before the newest.
 *
 * @param names `<restarts>.log`, or that with something after it for a part that was rotated away.
 * @param restarts of the newest instance.
 */
export function oldLogs(names: readonly string[], restarts: number): string[] {
  return names.filter((name) => {
    const number = /^(\d+)\.log/.exec(name)?.[1]
    return number !== undefined && Number(number) <= restarts - KEPT_LOGS
  })
}

/**
 * Of the folders that hold what was made for one instance each, those of a container's instances up to a dead one.
 *
 * @param names `<container>-<sandbox attempt>-<restarts>`; other containers' are in between.
 * @param restarts of the dead one.
 */
export function oldStaging(names: readonly string[], container: string, restarts: number): string[] {
  const before = `${container}-`
  return names.filter((name) => {
    const number = name.startsWith(before) ? /^\d+-(\d+)$/.exec(name.slice(before.length))?.[1] : undefined
    return number !== undefined && Number(number) <= restarts
  })
}
