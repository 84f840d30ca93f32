import type { Container, ContainerStatus } from '../pod.ts'
import { after, inOneLine, secondsText, waits, type PodReason, type SeenPod } from './pod-reason.ts'
import { eventAtMs, eventCount, latestEvent, tellsOf } from './told-events.ts'
import { RULES } from './waiting-rules.ts'

export interface SeenContainer {
  readonly container: Container
  readonly status: ContainerStatus | undefined
  /** `container "app"`, `init container "migrate" (1 of 3)`. */
  readonly place: string
}

/** What keeps a container from being made, started, or started again; undefined when nothing does. */
export function whyContainerWaits(seen: SeenPod, { container, status, place }: SeenContainer): PodReason | undefined {
  const { waiting, running } = status?.state ?? {}
  const reason = waiting?.reason ?? ''
  if (reason === 'CrashLoopBackOff') return whyCrashLoop(seen, { container, status, place })
  if (IMAGE_REASONS.has(reason)) return whyNoImage(seen, { container, status, place })
  if (SETTING_REASONS.has(reason)) {
    return waits(`for ${place} to be made: ${reason}${after(waiting?.message)}`, RULES.configuration)
  }
  if (reason === 'RunContainerError') {
    const ended = status?.lastState?.terminated
    return waits(`for ${place} to start again: it could not${after(ended?.message ?? waiting?.message)}`, RULES.backOff)
  }
  if (waiting !== undefined && isPulling(seen, container.name)) {
    return waits(`for the image "${container.image}" of ${place} to be pulled`, RULES.image)
  }
  return running !== undefined && status?.started === false
    ? whyNotStarted(seen, { container, status, place })
    : undefined
}

const IMAGE_REASONS: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
])

const SETTING_REASONS: ReadonlySet<string> = new Set(['CreateContainerConfigError', 'CreateContainerError'])

function whyCrashLoop({ nowMs }: SeenPod, { status, place }: SeenContainer): PodReason {
  const { exitCode, reason = '', finishedAt, message } = status?.lastState?.terminated ?? {}
  const delayMs = durationMs(/back-off (\S+)/i.exec(status?.state?.waiting?.message ?? '')?.[1] ?? '')
  const dueAtMs = delayMs === undefined ? NaN : Date.parse(finishedAt ?? '') + delayMs
  const due = Number.isNaN(dueAtMs) ? 'soon' : dueAtMs <= nowMs ? 'now' : `in ${secondsText(dueAtMs - nowMs)}`
  const kind = reason === '' || reason === 'Error' || reason === 'Completed' ? '' : ` (${reason})`
  const end = exitCode === undefined ? '' : `: it exited ${exitCode}${kind}${after(message)}`
  return waits(`to restart ${place} ${due}${end}`, RULES.backOff)
}

/** Go's `2m40s`. */
function durationMs(text: string): number | undefined {
  const [, hours = '0', minutes = '0', seconds = '0'] =
    /^(?=\d)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?$/.exec(text) ?? []
  return /\d/.test(text) ? ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000 : undefined
}

const FIRST_PULL_RETRY_MS = 10_000
const LAST_PULL_RETRY_MS = 300_000

function whyNoImage({ events, nowMs }: SeenPod, { container, status, place }: SeenContainer): PodReason {
  const { reason = '', message } = status?.state?.waiting ?? {}
  const failure = latestEvent(
    events,
    (event) => tellsOf(event, container.name) && (event.message?.startsWith('Failed to pull image') ?? false),
  )
  const isTriedAgain = reason === 'ImagePullBackOff' || reason === 'ErrImagePull'
  const retryMs =
    failure === undefined
      ? NaN
      : eventAtMs(failure) + Math.min(FIRST_PULL_RETRY_MS * 2 ** (eventCount(failure) - 1), LAST_PULL_RETRY_MS) - nowMs
  const again =
    !isTriedAgain || Number.isNaN(retryMs)
      ? ''
      : `, tried again ${retryMs <= 0 ? 'now' : `in about ${secondsText(retryMs)}`}`
  // That of the back-off does not say what is wrong.
  const why = reason === 'ImagePullBackOff' ? (failure?.message ?? message) : message
  return waits(`for the image "${container.image}" of ${place}: ${reason}${again}${after(why)}`, RULES.image)
}

function isPulling({ events }: SeenPod, container: string): boolean {
  const steps = ['Pulling', 'Pulled', 'Failed', 'BackOff']
  const last = latestEvent(events, (event) => tellsOf(event, container) && steps.includes(event.reason ?? ''))
  return last?.reason === 'Pulling'
}

/** It runs, and counts as not started all the same. */
function whyNotStarted(seen: SeenPod, { container, place }: SeenContainer): PodReason {
  if (container.startupProbe !== undefined) {
    return waits(`for the startup probe of ${place}${probeWord(seen, container, 'Startup')}`, RULES.startupProbe)
  }
  if (container.lifecycle?.postStart !== undefined) {
    return waits(`for the postStart hook of ${place} to be done`, RULES.postStart)
  }
  return waits(`for ${place} to start`, RULES.start)
}

/** `, which failed last with: …`, if it did. */
export function probeWord({ events }: SeenPod, { name }: Container, probe: 'Startup' | 'Readiness'): string {
  const failed = latestEvent(
    events,
    (event) =>
      event.reason === 'Unhealthy' && tellsOf(event, name) && (event.message?.startsWith(`${probe} probe `) ?? false),
  )
  const message = inOneLine(failed?.message?.replace(/^\w+ probe (failed|errored)(: )?/, ''))
  if (failed === undefined) return ' to succeed'
  return message === '' ? ', which failed' : `, which failed last with: ${message}`
}
