import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ContainerState, ObservedPod } from '../../kube/lifecycle/observed-pod.ts'
import type { ContainerRecord } from '../../machine/runtime/container-runtime.ts'
import { adoptPod, type FoundOnMachine } from './adopt-pod.ts'
import type { PodRecord } from './pod-record.ts'
import { testPod } from './test-pod.ts'

const NOW_MS = 1_000_000
const ID = 'abc-app-0-2'
const READY: ObservedPod['sandbox'] = {
  is: 'ready',
  attempt: 0,
  podIPs: ['10.88.0.2'],
  hostIPs: [],
  readyAtMs: 400_000,
}
const BROKEN: ObservedPod['sandbox'] = {
  is: 'failed',
  message: 'the sandbox was not whole when peapod started again',
  failedAtMs: 0,
  attempts: 0,
}
const RUNNING: ContainerState = { is: 'running', id: ID, startedAtMs: 500_000, started: true, ready: false }
const VANISHED: ContainerState = {
  is: 'exited',
  id: ID,
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when peapod started again',
  startedAtMs: 500_000,
  finishedAtMs: NOW_MS,
}
const STARTING: ContainerState = { is: 'starting', sinceMs: 490_000 }
const EARLIER = {
  is: 'exited',
  id: 'abc-app-0-1',
  exitCode: 1,
  reason: 'Error',
  startedAtMs: 1,
  finishedAtMs: 2,
} as const

const instance = (id: string) => ({
  id,
  container: 'app',
  logFile: '/log',
  terminationMessageFile: '/message',
  stopSignal: 'SIGTERM',
  image: { name: 'web', id: 'sha256:1' },
})

/** A record of a healthy pod whose container `app` was restarted twice, with the smallest change. */
function record(
  state: ContainerState,
  change: Partial<PodRecord> & { readonly sandbox?: ObservedPod['sandbox'] } = {},
) {
  const { sandbox = READY, ...rest } = change
  const app = { restarts: 2, crashes: 1, sandboxAttempt: 0, state, previous: EARLIER }
  const seen: ObservedPod = { acceptedAtMs: 300_000, sandbox, containers: { app } }
  return { seen, volumes: {}, instances: [instance(ID)], bootId: 'this boot', ...rest }
}

function found(containers: readonly ContainerRecord[], change: Partial<FoundOnMachine> = {}): FoundOnMachine {
  return {
    sandbox: 'whole',
    containers: new Map(containers.map((each) => [each.id, each])),
    messages: new Map(),
    bootId: 'this boot',
    nowMs: NOW_MS,
    ...change,
  }
}

const runs: ContainerRecord = { id: ID, is: 'running', pid: 7, startedAtMs: 500_000 }
const created: ContainerRecord = { id: ID, is: 'created', pid: 7 }
const ended: ContainerRecord = {
  id: ID,
  is: 'exited',
  exitCode: 3,
  outOfMemory: false,
  startedAtMs: 500_000,
  finishedAtMs: 600_000,
}
const ENDED: ContainerState = {
  is: 'exited',
  id: ID,
  exitCode: 3,
  reason: 'Error',
  startedAtMs: 500_000,
  finishedAtMs: 600_000,
}
const lost: ContainerRecord = { ...ended, exitCode: 255, lost: true }
const LOST: ContainerState = { ...ENDED, exitCode: 255, reason: 'ContainerStatusUnknown' }
const started = { ...RUNNING, ready: true }

describe('adoptPod', () => {
  const states: readonly (readonly [rule: string, record: PodRecord, found: FoundOnMachine, state: ContainerState])[] =
    [
      ['S12, invariant 8: what runs keeps its ID, start and readiness', record(RUNNING), found([runs]), RUNNING],
      ['what ended meanwhile has its true code and time', record(RUNNING), found([ended]), ENDED],
      [
        'H11: with what it left to say',
        record(RUNNING),
        found([ended], { messages: new Map([[ID, 'no space']]) }),
        { ...ENDED, message: 'no space' },
      ],
      ['one that nobody saw end is told as such, without a signal', record(RUNNING), found([lost]), LOST],
      ['one that vanished is told as Kubernetes tells it', record(RUNNING), found([]), VANISHED],
      ['S11: nothing runs after a reboot', record(RUNNING), found([runs], { bootId: 'the next boot' }), VANISHED],
      ['S11: an end before the reboot stays what it was', record(RUNNING), found([ended], { bootId: 'next' }), ENDED],
      [
        'H5: a stop is begun again',
        record({ ...RUNNING, stopping: { sinceMs: 1, graceSeconds: 30, terminatedAtMs: 1, because: 'PodDeleted' } }),
        found([runs]),
        RUNNING,
      ],
      ['a start that was not let run was never begun', record(STARTING), found([created]), { is: 'absent' }],
      ['a start before its container was made, too', record(STARTING, { instances: [] }), found([]), { is: 'absent' }],
      ['a start that went through is one', record(STARTING), found([runs]), started],
      ['also when its end came before anybody looked', record(STARTING), found([ended]), ENDED],
      [
        'one that was killed before it ran never ran',
        record(STARTING),
        found([{ ...ended, startedAtMs: 0 }]),
        { is: 'absent' },
      ],
      ['a finished init container stays finished', record(EARLIER), found([]), EARLIER],
      [
        'a start of an older instance is not this one',
        record(STARTING, { instances: [instance('abc-app-0-1')] }),
        found([{ ...runs, id: 'abc-app-0-1' }]),
        { is: 'absent' },
      ],
      [
        'an end in the future is dated now: the clock was set back',
        record({ ...ENDED, finishedAtMs: NOW_MS + 3_600_000 }),
        found([]),
        { ...ENDED, finishedAtMs: NOW_MS },
      ],
    ]
  for (const [rule, kept, machine, state] of states) {
    it(rule, () => {
      const { containers } = adoptPod(testPod(), kept, machine)
      assert.deepEqual(containers, { app: { restarts: 2, crashes: 1, sandboxAttempt: 0, state, previous: EARLIER } })
    })
  }

  const sandboxes: readonly (readonly [
    rule: string,
    sandbox: ObservedPod['sandbox'],
    change: Partial<FoundOnMachine>,
    expected: ObservedPod['sandbox'],
  ])[] = [
    ['one that is whole goes on', READY, {}, READY],
    ['S11: one that lost a part is made anew', READY, { sandbox: 'not whole' }, BROKEN],
    ['S11: none outlives the machine, whatever lies there', READY, { bootId: 'the next boot' }, BROKEN],
    ['one that was being made or removed is not relied on', { is: 'changing' }, {}, BROKEN],
    ['none stays none', { is: 'absent' }, { sandbox: 'not whole' }, { is: 'absent' }],
  ]
  for (const [rule, sandbox, change, expected] of sandboxes) {
    it(`sandbox: ${rule}`, () => {
      assert.deepEqual(adoptPod(testPod(), record(RUNNING, { sandbox }), found([runs], change)).sandbox, expected)
    })
  }

  it('keeps what it does not know, and says when it took the pod over', () => {
    const kept = record({ ...RUNNING, postStart: 'done' })
    const adopted = adoptPod(testPod(), { ...kept, seen: { ...kept.seen, later: 1 } as ObservedPod }, found([runs]))
    assert.deepEqual(adopted, {
      acceptedAtMs: 300_000,
      adoptedAtMs: NOW_MS,
      later: 1,
      sandbox: READY,
      containers: {
        app: {
          restarts: 2,
          crashes: 1,
          sandboxAttempt: 0,
          state: { ...RUNNING, postStart: 'done' },
          previous: EARLIER,
        },
      },
    })
  })
})
