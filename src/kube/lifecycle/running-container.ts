import type { Container } from '../api/pod.ts'
import type { ExitedContainer, PostStartCourse, ProbeKind, ProbeVerdict, RunningContainer } from './observed-pod.ts'

/** What a container's process is at the moment it runs: its hook is still to be begun, its probes have found nothing. */
export function runningContainer(
  container: Container,
  process: { readonly id: string; readonly startedAtMs: number },
): RunningContainer {
  const hasHook = container.lifecycle?.postStart !== undefined
  return judged(container, {
    is: 'running',
    id: process.id,
    startedAtMs: process.startedAtMs,
    started: false,
    ready: false,
    ...(hasHook && { postStart: 'due' }),
  })
}

export function withPostStart(
  container: Container,
  running: RunningContainer,
  postStart: PostStartCourse,
): RunningContainer {
  return judged(container, { ...running, postStart })
}

/** A probe of it came to a verdict, or to another one. */
export function withVerdict(
  container: Container,
  running: RunningContainer,
  found: { readonly kind: ProbeKind; readonly verdict: ProbeVerdict },
): RunningContainer {
  return judged(container, { ...running, probes: { ...running.probes, [found.kind]: found.verdict } })
}

/**
 * What is true of a container when the agent that looked after it is gone: a stop is begun again, with its whole grace
 * period (H5), and so is a postStart hook, which runs at least once (H1); what its probes found stays (S12).
 */
export function afterAgentRestart(running: RunningContainer): RunningContainer {
  const { is, id, startedAtMs, started, ready, probes, postStart } = running
  return {
    ...{ is, id, startedAtMs, started, ready },
    ...(probes !== undefined && { probes }),
    ...(postStart !== undefined && { postStart: postStart === 'running' ? 'due' : postStart }),
  }
}

/** Nobody waits for the startup probe of a deleted pod any more: it counts as having succeeded (P6). */
export function inDeletedPod(container: Container, running: RunningContainer): RunningContainer {
  const startup: ProbeVerdict = { result: 'success', sinceMs: running.startedAtMs }
  return judged(container, { ...running, probes: { ...running.probes, startup } })
}

/** What the record of a container's end keeps of its life. */
export function legacyOf(running: RunningContainer): Pick<ExitedContainer, 'stoppedBecause' | 'postStartFailure'> {
  const { stopping, postStart } = running
  return {
    ...(stopping?.because !== undefined && { stoppedBecause: stopping.because }),
    ...(typeof postStart === 'object' && { postStartFailure: postStart.failed }),
  }
}

/** A container whose postStart hook has not ended well is not told as running, and holds up the next one (H1, S7). */
export function isHeldByPostStart({ postStart }: RunningContainer): boolean {
  return postStart !== undefined && postStart !== 'done'
}

/** S4, P2: a probe that is not there has succeeded. */
function judged(container: Container, running: RunningContainer): RunningContainer {
  const passed = (kind: ProbeKind, probe: unknown): boolean =>
    probe === undefined || running.probes?.[kind]?.result === 'success'
  const started = !isHeldByPostStart(running) && passed('startup', container.startupProbe)
  return { ...running, started, ready: started && passed('readiness', container.readinessProbe) }
}
