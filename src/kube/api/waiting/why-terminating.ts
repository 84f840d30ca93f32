import { isSidecar } from '../pod.ts'
import { quoted, secondsText, waits, type PodReason, type SeenPod } from './pod-reason.ts'
import { RULES } from './waiting-rules.ts'

/** Of a pod that is being deleted: who is still there, and how much time is left. */
export function whyTerminating({ pod, nowMs }: SeenPod): PodReason | undefined {
  const { deletionTimestamp, finalizers = [] } = pod.metadata
  if (deletionTimestamp === undefined) return undefined
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {}
  const running = [...initContainerStatuses, ...containerStatuses]
    .filter(({ state }) => state?.running !== undefined)
    .map(({ name }) => name)
  if (running.length === 0) {
    return finalizers.length === 0
      ? waits('to be removed: it is deleted and its containers have stopped', RULES.removal)
      : waits(
          `for its finalizers ${quoted(finalizers)} to be removed by whoever set them: it is deleted`,
          RULES.finalizers,
        )
  }
  // The instant that is told is that at which the grace period ends.
  const leftMs = Date.parse(deletionTimestamp) - nowMs
  const limit = leftMs > 0 ? `killed in ${secondsText(leftMs)}` : 'killed now'
  const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name)
  const apps = running.filter((name) => !sidecars.includes(name))
  if (apps.length === 0) {
    return waits(`for its sidecars ${quoted(running)} to stop, ${limit}: it is deleted`, RULES.sidecarsLast)
  }
  const hooks = pod.spec.containers.filter(
    ({ name, lifecycle }) => apps.includes(name) && lifecycle?.preStop !== undefined,
  )
  if (hooks.length > 0) {
    const names = quoted(hooks.map(({ name }) => name))
    return waits(
      `for the preStop hook of ${names} and then for ${quoted(apps)} to stop, ${limit}: it is deleted`,
      RULES.preStop,
    )
  }
  return waits(`for its containers ${quoted(apps)} to stop, ${limit}: it is deleted`, RULES.grace)
}
