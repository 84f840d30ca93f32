import { allContainers } from '../../../kube/api/pod.ts'
import type { ObservedPod, ProbeKind, ProbeVerdict } from '../../../kube/lifecycle/observed-pod.ts'
import type { ProbeOutcome } from '../../../kube/lifecycle/probe-verdict.ts'
import { type DueProbe, probesDue } from '../../../kube/lifecycle/probes-due.ts'
import { withVerdict } from '../../../kube/lifecycle/running-container.ts'
import type { PodWorld } from '../pod-world.ts'
import type { ProbeFinding } from './probe-finding.ts'
import type { ProbeOwner, ProbeSchedule } from './probe-schedule.ts'
import { runProbe } from './run-probe.ts'

const KIND_WORDS: Record<ProbeKind, string> = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' }

/** The probes of one pod: run against what is there now, told as events, their verdicts put on the record. */
export class PodProbes implements ProbeOwner {
  readonly #world: PodWorld
  readonly #schedule: ProbeSchedule

  constructor(world: PodWorld, schedule: ProbeSchedule) {
    this.#world = world
    this.#schedule = schedule
  }

  /** Something of the pod has changed: which of its probes run changes with it. */
  follow(seen: ObservedPod, nowMs: number): void {
    const { adoptedAtMs } = seen
    this.#schedule.follow(this, probesDue(this.#world.pod, seen, nowMs), (due) => {
      // S12: what an earlier engine has found of it stays.
      const state = seen.containers[due.container]?.state
      if (adoptedAtMs === undefined || state?.is !== 'running' || state.startedAtMs > adoptedAtMs) return undefined
      return { verdict: state.probes?.[due.kind] }
    })
  }

  stop(): void {
    this.#schedule.follow(this, [])
  }

  async run(due: DueProbe, signal: AbortSignal): Promise<ProbeOutcome> {
    const world = this.#world
    const { sandbox } = world.observations.seen
    const container = allContainers(world.pod).find(({ name }) => name === due.container)
    const [podIP] = sandbox.is === 'ready' ? sandbox.podIPs : []
    if (container === undefined || podIP === undefined) return 'error'
    const asked = { container, instance: due.instance, podIP, signal }
    const found = await runProbe(world.parts.runtime, due.probe, asked)
    if (found.is === 'gone' || signal.aborted || !this.#isThere(due)) return 'error'
    const outcome = this.#tell(due, found)
    world.parts.metrics?.probed(world.pod.metadata, { container: due.container, kind: due.kind, outcome })
    return outcome
  }

  /** In events, unless all is well. */
  #tell(due: DueProbe, found: Exclude<ProbeFinding, { readonly is: 'gone' }>): ProbeOutcome {
    if (found.is === 'success') return 'success'
    const world = this.#world
    const kind = KIND_WORDS[due.kind]
    // Machine code speaks of instances by their IDs; people know their containers by name.
    const message = found.message.trimEnd().replaceAll(due.instance, due.container)
    switch (found.is) {
      case 'warning':
        world.event('Warning', 'ProbeWarning', `${kind} probe warning: ${message}`, due.container)
        return 'success'
      case 'failure':
        world.event('Warning', 'Unhealthy', `${kind} probe failed: ${message}`, due.container)
        return 'failure'
      case 'error':
        world.event(
          'Warning',
          'Unhealthy',
          `${kind} probe errored and resulted in unknown state: ${message}`,
          due.container,
        )
        return 'error'
    }
  }

  judged(due: DueProbe, verdict: ProbeVerdict): void {
    const { observations, pod } = this.#world
    const container = allContainers(pod).find(({ name }) => name === due.container)
    const state = observations.container(due.container)?.state
    if (container === undefined || state?.is !== 'running' || state.id !== due.instance) return
    observations.setState(due.container, withVerdict(container, state, { kind: due.kind, verdict }))
  }

  #isThere(due: DueProbe): boolean {
    const state = this.#world.observations.container(due.container)?.state
    return state?.is === 'running' && state.id === due.instance
  }
}
