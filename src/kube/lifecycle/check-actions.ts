import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Pod } from '../api/pod.ts'
import { computePodActions } from './compute-pod-actions.ts'
import type { ObservedPod } from './observed-pod.ts'
import type { PodAction } from './pod-action.ts'
import { NOW_MS } from './sample-pod.ts'

export type ActionsRow = readonly [rule: string, pod: Pod, seen: ObservedPod, actions: readonly PodAction[]]

/** One test for each rule: the whole list of actions. */
export function checkActions(rows: readonly ActionsRow[]): void {
  for (const [rule, pod, seen, actions] of rows) {
    it(rule, () => {
      assert.deepEqual(computePodActions(pod, seen, NOW_MS), actions)
    })
  }
}
