import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ContainerState, ObservedPod } from '../../kube/lifecycle/observed-pod.ts'
import { podStartSeconds } from './measure-start.ts'
import { testContainer, testPod } from './test-pod.ts'

function seen(states: Readonly<Record<string, ContainerState>>): ObservedPod {
  const containers = Object.entries(states).map(([name, state]) => [
    name,
    { restarts: 0, crashes: 0, sandboxAttempt: 0, state },
  ])
  return { sandbox: { is: 'absent' }, acceptedAtMs: 10_000, containers: Object.fromEntries(containers) as never }
}

function running(startedAtMs: number): ContainerState {
  return { is: 'running', id: 'x', startedAtMs, started: true, ready: false }
}

function exited(startedAtMs: number): ContainerState {
  return { is: 'exited', id: 'x', exitCode: 0, reason: 'Completed', startedAtMs, finishedAtMs: 20_000 }
}

describe('podStartSeconds', () => {
  const pod = testPod({
    initContainers: [testContainer({ name: 'first' })],
    containers: [testContainer(), testContainer({ name: 'other' })],
  })
  const cases: [rule: string, seen: ObservedPod, expected: number | undefined][] = [
    ['nothing has begun', seen({}), undefined],
    ['one of two has begun', seen({ app: running(10_500) }), undefined],
    ['the last one counts', seen({ app: running(10_500), other: running(12_250) }), 2.25],
    ['also when it has ended already', seen({ app: running(10_500), other: exited(10_040) }), 0.5],
    [
      'init containers do not count',
      seen({ first: exited(19_000), app: running(10_500), other: running(10_600) }),
      0.6,
    ],
    ['a program that could not be run has not begun', seen({ app: running(10_500), other: exited(0) }), undefined],
    ['the clock was set back meanwhile', seen({ app: running(9_000), other: running(9_000) }), 0],
  ]
  for (const [rule, observed, expected] of cases) it(rule, () => assert.equal(podStartSeconds(pod, observed), expected))
})
