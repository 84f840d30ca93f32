import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { ContainerState, ObservedPod } from '../../kube/lifecycle/observed-pod.ts'
import { deadInstances, oldLogs, oldStaging } from './pod-garbage.ts'

const EXITED: ContainerState = {
  is: 'exited',
  id: 'app-0-1',
  exitCode: 1,
  reason: 'Error',
  startedAtMs: 1,
  finishedAtMs: 2,
}
const RUNNING: ContainerState = { is: 'running', id: 'app-0-1', startedAtMs: 1, started: true, ready: true }
const STARTING: ContainerState = { is: 'starting', sinceMs: 1 }
const NOT_STARTED: ContainerState = {
  is: 'not-started',
  reason: 'ErrImagePull',
  message: '',
  failedAtMs: 1,
  attempts: 1,
}

function seen(states: Readonly<Record<string, ContainerState>>): ObservedPod {
  const containers = Object.entries(states).map(
    ([name, state]) => [name, { restarts: 1, crashes: 1, sandboxAttempt: 0, state }] as const,
  )
  return { acceptedAtMs: 0, sandbox: { is: 'changing' }, containers: Object.fromEntries(containers) }
}

const APP_0 = { id: 'app-0-0', container: 'app' }
const APP_1 = { id: 'app-0-1', container: 'app' }

describe('deadInstances', () => {
  const table: readonly (readonly [string, readonly (typeof APP_0)[], Record<string, ContainerState>, string[]])[] = [
    ['what runs is left alone', [APP_1], { app: RUNNING }, []],
    ['what was before the one that runs goes', [APP_0, APP_1], { app: RUNNING }, ['app-0-0']],
    ['what has ended goes when its end is on the record', [APP_1], { app: EXITED }, ['app-0-1']],
    ['what has ended goes although others run', [APP_1], { app: EXITED, other: RUNNING }, ['app-0-1']],
    ['a start comes first', [APP_0, APP_1], { app: EXITED, other: STARTING }, []],
    ['what is made ahead of its start is left alone', [APP_1], {}, []],
    ['what could not be made is left to the next attempt', [APP_1], { app: NOT_STARTED }, []],
    ['absent after a reset: left alone', [APP_1], { app: { is: 'absent' } }, []],
  ]
  for (const [rule, instances, states, dead] of table) {
    it(rule, () => {
      assert.deepEqual(
        deadInstances(instances, seen(states)).map(({ id }) => id),
        dead,
      )
    })
  }
})

describe('oldLogs', () => {
  const table: readonly (readonly [string, readonly string[], number, string[]])[] = [
    ['the first instance has none', ['0.log'], 0, []],
    ['the one before stays for --previous', ['0.log', '1.log'], 1, []],
    ['older ones go', ['0.log', '1.log', '2.log', '3.log'], 3, ['0.log', '1.log']],
    [
      'with what was rotated away',
      ['1.log.20260101-000000', '1.log', '3.log.1', '3.log'],
      3,
      ['1.log.20260101-000000', '1.log'],
    ],
    ['numbers, not texts, are compared', ['9.log', '10.log', '11.log'], 11, ['9.log']],
    ['what is no log of an instance stays', ['log', 'x0.log', '.0.log'], 9, []],
  ]
  for (const [rule, names, restarts, old] of table) it(rule, () => assert.deepEqual(oldLogs(names, restarts), old))
})

describe('oldStaging', () => {
  it('finds what was made for a dead instance and those before it, whatever the sandbox', () => {
    assert.deepEqual(oldStaging(['app-0-0', 'app-1-1', 'app-1-2', 'other-0-0'], 'app', 1), ['app-0-0', 'app-1-1'])
  })

  it('never takes what belongs to another container, however alike their names are', () => {
    const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,6}[a-z0-9])?$/)
    const number = fc.nat(12)
    fc.assert(
      fc.property(name, name, fc.tuple(number, number, number), (container, other, [attempt, restarts, newest]) => {
        fc.pre(container !== other)
        assert.deepEqual(oldStaging([`${other}-${attempt}-${restarts}`], container, newest), [])
      }),
    )
  })
})
