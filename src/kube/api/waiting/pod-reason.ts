import type { ToldEvent } from './told-events.ts'
import type { Pod } from '../pod.ts'
import type { WaitingRule } from './waiting-rules.ts'

/** What a pod waits for now. */
export interface PodReason {
  /** `ready` and `over` wait for nothing. */
  readonly is: 'waiting' | 'ready' | 'over'
  /** What follows the pod's name: `waits for …`, `is ready …`. */
  readonly says: string
  readonly rule: WaitingRule
}

/** A pod as it is seen now. */
export interface SeenPod {
  readonly pod: Pod
  readonly events: readonly ToldEvent[]
  readonly nowMs: number
}

export function waits(says: string, rule: WaitingRule): PodReason {
  return { is: 'waiting', says: `waits ${says}`, rule }
}

/** `12 s`, `4 min 20 s`. */
export function secondsText(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1_000))
  if (seconds < 120) return `${seconds} s`
  const rest = seconds % 60
  return `${Math.floor(seconds / 60)} min${rest === 0 ? '' : ` ${rest} s`}`
}

export function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(', ')
}

/** On one line, without the full stop of its own. */
export function inOneLine(message: string | undefined): string {
  return (message ?? '')
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '')
}

/** `: message`, or nothing. */
export function after(message: string | undefined): string {
  const text = inOneLine(message)
  return text === '' ? '' : `: ${text}`
}
