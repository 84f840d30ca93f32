import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../../machine/runtime/fake/virtual-clock.ts'
import type { ContainerState } from '../../../kube/lifecycle/observed-pod.ts'
import { PodObservations } from '../pod-observations.ts'
import { UsageMeter } from './usage-meter.ts'

/** A machine on which every container burns half a core; one of a name with `gone` in it has just ended. */
class Machine {
  readonly clock = new VirtualClock(1_000_000)
  readonly reads: string[] = []
  readonly #pods = new Map<string, PodObservations>()
  readonly meter = new UsageMeter({
    clock: this.clock,
    world: (uid) => {
      const observations = this.#pods.get(uid)
      return observations && { observations }
    },
    source: {
      cgroup: (path) => {
        this.reads.push(path)
        return path.includes('gone') ? undefined : this.#used()
      },
      machine: () => this.#used(),
    },
  })

  add(uid: string, states: Readonly<Record<string, ContainerState>>): void {
    const containers = Object.entries(states).map(([name, state]) => [
      name,
      { restarts: 0, crashes: 0, sandboxAttempt: 0, state },
    ])
    const seen = {
      sandbox: { is: 'absent' },
      acceptedAtMs: 0,
      containers: Object.fromEntries(containers) as never,
    } as const
    this.#pods.set(uid, new PodObservations(seen, () => undefined))
  }

  running(id: string, ageMs: number): ContainerState {
    return { is: 'running', id, startedAtMs: this.clock.nowMs() - ageMs, started: true, ready: true }
  }

  #used(): { cpuNanoseconds: number; workingSetBytes: number } {
    return { cpuNanoseconds: this.clock.nowMs() * 5e5, workingSetBytes: 4096 }
  }
}

/** Lets as much time pass as it takes. */
async function after<T>(machine: Machine, answer: Promise<T>): Promise<{ answer: T; tookMs: number }> {
  const beganAtMs = machine.clock.nowMs()
  let isDone = false
  void answer.finally(() => (isDone = true))
  await machine.clock.advance(0)
  while (!isDone) await machine.clock.advance(10)
  return { answer: await answer, tookMs: machine.clock.nowMs() - beganAtMs }
}

describe('UsageMeter', () => {
  it('watches for a second when somebody asks for the first time, and asks the machine for no more than is wanted', async () => {
    const machine = new Machine()
    machine.add('a', { app: machine.running('a-app', 3_600_000), done: { is: 'absent' } })
    machine.add('b', { app: machine.running('b-app', 3_600_000) })
    const { answer, tookMs } = await after(machine, machine.meter.pods(['a', 'nobody']))
    assert.deepEqual([...answer.keys()], ['a'])
    const [app] = answer.get('a')?.containers ?? []
    assert.deepEqual([app?.name, app?.cpuNanocores, app?.memoryBytes, app?.windowMs], ['app', 5e8, 4096, 1_010])
    assert.ok(tookMs >= 1_000 && tookMs < 1_100)
    assert.deepEqual(machine.reads, ['/peapod/poda/a-app', '/peapod/poda/a-app'])
  })

  it('answers at once who has asked before, or of what began not long ago', async () => {
    const machine = new Machine()
    machine.add('a', { app: machine.running('a-app', 3_600_000) })
    await after(machine, machine.meter.pods(['a']))
    await machine.clock.advance(15_000)
    const again = await after(machine, machine.meter.pods(['a']))
    assert.deepEqual([again.tookMs, again.answer.get('a')?.windowMs], [0, 15_000])
    const young = new Machine()
    young.add('a', { app: young.running('a-app', 5_000) })
    const first = await after(young, young.meter.pods(['a']))
    assert.deepEqual([first.tookMs, first.answer.get('a')?.windowMs], [0, 5_000])
  })

  it('reads once however many ask within a second', async () => {
    const machine = new Machine()
    machine.add('a', { app: machine.running('a-app', 5_000) })
    await Promise.all([1, 2, 3].map(() => after(machine, machine.meter.pods(['a']))))
    assert.equal(machine.reads.length, 1)
  })

  it('says nothing of what has gone meanwhile', async () => {
    const machine = new Machine()
    machine.add('a', { app: machine.running('a-app', 5_000), gone: machine.running('a-gone', 5_000) })
    machine.add('b', { app: machine.running('b-gone', 5_000) })
    const { answer } = await after(machine, machine.meter.pods(['a', 'b']))
    assert.deepEqual(
      [...answer].map(([uid, { containers }]) => [uid, ...containers.map(({ name }) => name)]),
      [['a', 'app']],
    )
  })

  it('measures the machine, also when nobody has asked for long', async () => {
    const machine = new Machine()
    assert.equal((await after(machine, machine.meter.machine())).answer.cpuNanocores, 5e8)
    await machine.clock.advance(600_000)
    assert.equal((await after(machine, machine.meter.machine())).answer.windowMs, 1_010)
  })
})
