import { describe } from 'node:test'
import type { Container } from '../api/pod.ts'
import type { ObservedContainer, ObservedStopping } from './observed-pod.ts'
import type { PodAction, StopReason } from './pod-action.ts'
import { checkActions } from './check-actions.ts'
import {
  deletedPod,
  exited,
  lookAgainIn,
  NOW_MS,
  running,
  sampleContainer,
  samplePod,
  seenPod,
  terminate,
} from './sample-pod.ts'

const preStop: Partial<Container> = { lifecycle: { preStop: { sleep: { seconds: 3 } } } }

/** Sidecars `first` and `second`, app `web`, all with a preStop hook; app `plain` without one. */
const HOOKED = samplePod({
  initContainers: ['first', 'second'].map((name) => sampleContainer(name, { restartPolicy: 'Always', ...preStop })),
  containers: [sampleContainer('web', preStop), sampleContainer('plain')],
})
const ALONE = samplePod({ initContainers: [], containers: [sampleContainer('web', preStop)] })

const runPreStop = (container: string, graceSeconds: number, because: StopReason = 'PodDeleted'): PodAction => ({
  do: 'run-pre-stop',
  container,
  graceSeconds,
  because,
})
const kill = (container: string): PodAction => ({ do: 'kill', container, because: 'PodDeleted' })

function stopping(agoMs: number, change: Partial<ObservedStopping> = {}): ObservedContainer {
  return running({ stopping: { sinceMs: NOW_MS - agoMs, graceSeconds: 30, ...change } })
}

describe('preStop', () => {
  const all = { first: running(), second: running(), web: running(), plain: running() }
  checkActions([
    [
      'H6: the hooks of all start at once; who has none gets the signal',
      deletedPod(30, 0, HOOKED),
      seenPod(all),
      [runPreStop('first', 30), runPreStop('second', 30), runPreStop('web', 30), terminate('plain', 30, 'PodDeleted')],
    ],
    [
      'H2: with the grace that is left',
      deletedPod(30, 12_000, ALONE),
      seenPod({ web: running() }),
      [runPreStop('web', 18)],
    ],
    [
      'H2: the signal waits for it, at most to the end of the grace period',
      deletedPod(30, 1_000, ALONE),
      seenPod({ web: stopping(1_000, { preStop: 'running' }) }),
      [lookAgainIn(29_000)],
    ],
    [
      'H2: then it comes, with the grace that is left',
      deletedPod(30, 4_000, ALONE),
      seenPod({ web: stopping(4_000, { preStop: 'done' }) }),
      [terminate('web', 26, 'PodDeleted')],
    ],
    [
      'H2: the end of the grace period counts from the hook',
      deletedPod(30, 29_000, ALONE),
      seenPod({ web: stopping(29_000, { preStop: 'done', terminatedAtMs: NOW_MS - 25_000 }) }),
      [lookAgainIn(1_000)],
    ],
    [
      'H2: a hook that outlives the grace period is left alone; the container has two more seconds',
      deletedPod(30, 30_000, ALONE),
      seenPod({ web: stopping(30_000, { preStop: 'running' }) }),
      [terminate('web', 2, 'PodDeleted')],
    ],
    [
      'H2: and no more than two',
      deletedPod(30, 31_000, ALONE),
      seenPod({ web: stopping(31_000, { preStop: 'running', terminatedAtMs: NOW_MS - 1_000 }) }),
      [lookAgainIn(1_000)],
    ],
    [
      'H2: before it is killed',
      deletedPod(30, 32_000, ALONE),
      seenPod({ web: stopping(32_000, { preStop: 'running', terminatedAtMs: NOW_MS - 2_000 }) }),
      [kill('web')],
    ],
    ['H2: no grace, no hook', deletedPod(0, 0, ALONE), seenPod({ web: running() }), [kill('web')]],
    [
      'H2: a grace that is lowered to nothing ends a hook',
      deletedPod(0, 0, ALONE),
      seenPod({ web: stopping(1_000, { preStop: 'running' }) }),
      [kill('web')],
    ],
    [
      'H2: a grace that is lowered shortens a hook',
      deletedPod(5, 5_000, ALONE),
      seenPod({ web: stopping(5_000, { preStop: 'running' }) }),
      [terminate('web', 2, 'PodDeleted')],
    ],
    [
      'H2: what ended by itself has no hook run',
      deletedPod(30, 0, ALONE),
      seenPod({ web: exited(0) }),
      [{ do: 'remove-sandbox' }],
    ],
    [
      'H2: at least once: one that nobody runs any more is run again',
      deletedPod(30, 10_000, ALONE),
      seenPod({ web: stopping(10_000) }),
      [runPreStop('web', 20)],
    ],
    [
      'H6: a sidecar whose hook is done waits for the apps',
      deletedPod(30, 4_000, HOOKED),
      seenPod({
        first: stopping(4_000, { preStop: 'done' }),
        second: stopping(4_000, { preStop: 'done' }),
        web: exited(0),
        plain: stopping(4_000, { terminatedAtMs: NOW_MS - 4_000 }),
      }),
      [lookAgainIn(26_000)],
    ],
    [
      'H6: and for those that started after it',
      deletedPod(30, 4_000, HOOKED),
      seenPod({
        first: stopping(4_000, { preStop: 'done' }),
        second: stopping(4_000, { preStop: 'done' }),
        web: exited(0),
        plain: exited(0),
      }),
      [terminate('second', 26, 'PodDeleted'), lookAgainIn(26_000)],
    ],
    [
      'H6: a sidecar whose turn has come waits for its own hook',
      deletedPod(30, 4_000, HOOKED),
      seenPod({
        first: stopping(4_000, { preStop: 'running' }),
        second: exited(0),
        web: exited(0),
        plain: exited(0),
      }),
      [lookAgainIn(26_000)],
    ],
    [
      'H7: at the end of a pod by itself, too',
      { ...HOOKED, spec: { ...HOOKED.spec, restartPolicy: 'Never' } },
      seenPod({
        first: running(),
        second: running(),
        web: exited(0, {}, { finishedAtMs: NOW_MS }),
        plain: exited(0, {}, { finishedAtMs: NOW_MS }),
      }),
      [runPreStop('first', 30, 'PodFinished'), runPreStop('second', 30, 'PodFinished')],
    ],
    [
      'R10: sidecars that are stuck before they have started get their signals',
      deletedPod(30, 0, {
        ...HOOKED,
        spec: {
          ...HOOKED.spec,
          initContainers: ['first', 'second'].map((name) => sampleContainer(name, { restartPolicy: 'Always' })),
        },
      }),
      seenPod({ first: running(), second: running({ started: false, ready: false }) }),
      [terminate('second', 30, 'PodDeleted'), lookAgainIn(30_000)],
    ],
  ])
})
