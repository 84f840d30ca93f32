import { allContainers, everyContainer } from '../api/pod.ts'
import type { Container, Pod } from '../api/pod.ts'
import type { ContainerPlace } from './container-places.ts'
import type { ExitedContainer } from './observed-pod.ts'

/** The container of a pod that has this name. */
export function containerNamed(pod: Pod, name: string): Container | undefined {
  return everyContainer(pod).find((container) => container.name === name)
}

/**
 * Whether the rules start a container again after this exit, as long as its pod goes on (R1, R5, R6, S3, S6). Init
 * containers know no Always: one that succeeded is done. Ephemeral ones run once, whatever becomes of them (C1).
 */
export function isRestartedAfter(pod: Pod, { name, role }: ContainerPlace, exit: ExitedContainer): boolean {
  if (role === 'ephemeral') return false
  // C4, Q6: it was stopped to be made anew, whatever its policy.
  if (role === 'sidecar' || exit.stoppedBecause === 'ImageChanged' || exit.stoppedBecause === 'Resized') return true
  const container = containerNamed(pod, name)
  if (container !== undefined && restartsAll(container, exit)) return true
  if (role === 'init' && exit.exitCode === 0) return false
  if (container !== undefined && actionAfter(container, exit) === 'Restart') return true
  const policy = container?.restartPolicy ?? pod.spec.restartPolicy
  if (policy === 'Never') return false
  return exit.exitCode !== 0 || policy === 'Always'
}

/** Whether this exit of a container has all containers of its pod begin anew (R7). */
export function restartsAll(container: Container, exit: ExitedContainer): boolean {
  return actionAfter(container, exit) === 'RestartAllContainers'
}

/** Whether there is an exit after which all containers would begin anew. */
export function mayRestartAll(pod: Pod): boolean {
  return allContainers(pod).some(({ restartPolicyRules = [] }) =>
    restartPolicyRules.some(({ action }) => action === 'RestartAllContainers'),
  )
}

/** What the first rule that fits the exit code says (R6). */
function actionAfter({ restartPolicyRules = [] }: Container, { exitCode }: ExitedContainer): string | undefined {
  return restartPolicyRules.find(({ exitCodes }) => {
    if (exitCodes === undefined) return false
    const isListed = (exitCodes.values ?? []).includes(exitCode)
    return exitCodes.operator === 'In' ? isListed : !isListed
  })?.action
}
