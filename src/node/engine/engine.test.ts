import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Failure } from '../../failure.ts'
import type { Pod } from '../../kube/api/pod.ts'
import { EVENTS, PODS } from '../store/resources.ts'
import { type Bench, IMAGE, KEY, NODE, openBench } from './engine-bench.ts'
import { testContainer, testPod } from './test-pod.ts'

function isRunning(bench: Bench): boolean {
  return bench.status('app')?.state?.running !== undefined
}

function renamed(pod: Pod, name: string): Pod {
  return { ...pod, metadata: { ...pod.metadata, name, uid: `uid-of-${name}` } }
}

describe('Engine', () => {
  it('S2, S7, S10: init containers in order, then the apps; Succeeded when all have ended well', async () => {
    await using bench = await openBench({
      first: [{ exitsAfterMs: 5 }],
      second: [{ exitsAfterMs: 5 }],
      app: [{ exitsAfterMs: 50 }],
      other: [{ exitsAfterMs: 20 }],
    })
    await bench.create({
      restartPolicy: 'Never',
      initContainers: [testContainer({ name: 'first' }), testContainer({ name: 'second' })],
      containers: [testContainer(), testContainer({ name: 'other' })],
    })
    await bench.until('first runs', () => bench.status('first')?.state?.running !== undefined)
    await bench.clock.advance(5)
    await bench.until('second runs', () => bench.status('second')?.state?.running !== undefined)
    await bench.clock.advance(5)
    await bench.until('the apps run', () => bench.pod?.status?.phase === 'Running' && bench.started.length === 4)
    await bench.until('other is on the record', () => bench.status('other')?.state?.running !== undefined)
    await bench.clock.advance(50)
    await bench.until('it succeeds', () => bench.pod?.status?.phase === 'Succeeded')
    assert.deepEqual(bench.started, ['first-0-0', 'second-0-0', 'app-0-0', 'other-0-0'])
    assert.equal(bench.status('app')?.imageID, IMAGE.id)
    assert.deepEqual(bench.events.filter((reason) => reason === 'Started').length, 4)
  })

  it('takes no pod that has no node, or another one', async () => {
    await using bench = await openBench({ app: [{}] })
    await bench.store.create(PODS, testPod())
    await bench.store.create(PODS, renamed(testPod({ nodeName: 'moon' }), 'lost'))
    await bench.store.create(PODS, renamed(testPod({ nodeName: NODE.name }), 'ours'))
    await bench.until('ours runs', () => bench.started.length > 0)
    assert.deepEqual(bench.started, ['app-0-0'])
    assert.equal(bench.pod?.status, undefined)
  })

  it('Q1: rejects a pod that was given to it past the scheduler and does not fit', async () => {
    await using bench = await openBench({ app: [{}] })
    await bench.create({ containers: [testContainer({ resources: { requests: { cpu: '5' } } })] })
    await bench.until('it is rejected', () => bench.pod?.status?.phase === 'Failed')
    const message = "Node didn't have enough resource: cpu, requested: 5000, used: 0, capacity: 4000"
    const { reason, message: told, containerStatuses, startTime } = bench.pod?.status ?? {}
    assert.deepEqual([reason, told, containerStatuses], ['OutOfcpu', `Pod was rejected: ${message}`, undefined])
    assert.ok(startTime !== undefined)
    assert.deepEqual(bench.told('OutOfcpu'), [message])
    await bench.delete(0)
    await bench.until('it is gone', () => bench.pod === undefined)
    assert.deepEqual(bench.started, [])
  })

  it('R2: the first restart comes at once, the second after ten seconds', async () => {
    await using bench = await openBench({ app: [{ exitsAfterMs: 5, exitCode: 1 }] })
    await bench.create({})
    await bench.until('it runs', () => bench.status('app')?.state?.running !== undefined)
    await bench.clock.advance(5)
    await bench.until('it runs again', () => bench.status('app')?.restartCount === 1)
    await bench.until('the second run', () => bench.status('app')?.state?.running !== undefined)
    await bench.clock.advance(5)
    await bench.until('it ended', () => bench.status('app')?.state?.running === undefined)
    await bench.clock.advance(9_990)
    assert.equal(bench.started.length, 2)
    await bench.until('it backs off', () => bench.status('app')?.state?.waiting?.reason === 'CrashLoopBackOff')
    await bench.clock.advance(10)
    await bench.until('the third run', () => bench.status('app')?.restartCount === 2)
    assert.equal(bench.status('app')?.lastState?.terminated?.exitCode, 1)
  })

  it('H5, H6: a container that ignores SIGTERM is killed when its grace is over; then nothing is left', async () => {
    await using bench = await openBench({ app: [{ onSignal: 'ignore' }] })
    await bench.create({})
    await bench.until('it runs', () => bench.status('app')?.state?.running !== undefined)
    await bench.delete(7)
    await bench.until('it is being stopped', () => bench.events.includes('Killing'))
    await bench.clock.advance(6_990)
    assert.ok(bench.pod)
    await bench.clock.advance(10)
    await bench.until('it is gone', () => bench.pod === undefined)
    assert.ok(!existsSync(bench.podDirectory))
  })

  it('H9: when the object is taken away, what runs is taken down all the same', async () => {
    await using bench = await openBench({ app: [{ onSignal: 'ignore' }] })
    await bench.create({})
    await bench.until('it runs', () => bench.status('app')?.state?.running !== undefined)
    await bench.store.delete(PODS, KEY)
    await bench.until('it is told to end', () => bench.signals.includes('app-0-0 15'))
    await bench.clock.advance(4_000)
    await bench.until('nothing is left', () => !existsSync(bench.podDirectory))
  })

  it('H9: a deletion that is under way and then forced kills at once', async () => {
    await using bench = await openBench({ app: [{ onSignal: 'ignore' }] })
    await bench.create({})
    await bench.until('it runs', () => bench.status('app')?.state?.running !== undefined)
    await bench.delete(30)
    await bench.until('it is told to end', () => bench.signals.includes('app-0-0 15'))
    await bench.store.delete(PODS, KEY)
    await bench.until('it is killed', () => bench.signals.includes('app-0-0 9'))
    await bench.until('nothing is left', () => !existsSync(bench.podDirectory))
  })

  it('takes every pod down when it is asked to, although their objects stay in the store until then', async () => {
    await using bench = await openBench({ app: [{}], other: [{ onSignal: { exitsAfterMs: 5, exitCode: 0 } }] })
    await bench.create({ containers: [testContainer(), testContainer({ name: 'other' })] })
    await bench.until('both run', () => bench.pod?.status?.phase === 'Running')
    const down = bench.engine.takeDown()
    await bench.until('other is told to end', () => bench.signals.includes('other-0-0 15'))
    await bench.clock.advance(5)
    await down
    assert.equal(bench.pod, undefined)
    assert.ok(!existsSync(bench.podDirectory))
  })

  it('Q10: a pull that fails is tried again after ten seconds', async () => {
    let pulls = 0
    await using bench = await openBench(
      {},
      {
        find: () => Promise.resolve(undefined),
        use: () => Promise.resolve(IMAGE),
        pull: () => {
          pulls += 1
          if (pulls === 1) return Promise.reject(new Failure('ErrImagePull', 'pull "x": no route to host'))
          return Promise.resolve(IMAGE)
        },
      },
    )
    await bench.create({})
    await bench.until('it failed', () => bench.status('app')?.state?.waiting?.reason === 'ErrImagePull')
    assert.equal(bench.status('app')?.restartCount, 0)
    await bench.clock.advance(10_000)
    await bench.until('it runs', () => bench.status('app')?.state?.running !== undefined)
    assert.equal(bench.status('app')?.restartCount, 0)
  })

  it('a deletion does not wait for a pull', async () => {
    await using bench = await openBench(
      {},
      {
        find: () => Promise.resolve(undefined),
        use: () => Promise.resolve(IMAGE),
        pull: (_reference, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(new Failure('Interrupted', 'pull "x": stopped')))
          }),
      },
    )
    await bench.create({})
    await bench.until('it pulls', () => bench.events.includes('Pulling'))
    await bench.delete(30)
    await bench.until('it is gone', () => bench.pod === undefined)
    assert.ok(!bench.events.includes('Failed'))
  })

  it('Q7: a pod whose emptyDir grows beyond its sizeLimit is evicted', async () => {
    await using bench = await openBench({ app: [{}] })
    await bench.create({ volumes: [{ name: 'data', emptyDir: { sizeLimit: '1Mi' } }] })
    await bench.until('it runs', () => bench.status('app')?.state?.running !== undefined)
    await bench.clock.advance(1_000)
    assert.equal(bench.pod?.status?.phase, 'Running')
    await writeFile(join(bench.podDirectory, 'volumes', 'data', 'big'), Buffer.alloc(2_000_000))
    await bench.clock.advance(1_000)
    await bench.until('it is evicted', () => bench.pod?.status?.phase === 'Failed')
    const { reason, message } = bench.pod.status
    assert.equal(reason, 'Evicted')
    assert.equal(message, 'Usage of EmptyDir volume "data" exceeds the limit "1Mi". ')
    assert.ok(bench.signals.includes('app-0-0 15'))
  })

  it('R5, R6: a container that its own rules restart goes on in a pod that restarts nothing', async () => {
    await using bench = await openBench({ app: [{ exitsAfterMs: 5, exitCode: 42 }, {}], other: [{ exitsAfterMs: 5 }] })
    const exitCodes = { operator: 'In', values: [42] }
    const rules = { restartPolicy: 'Never', restartPolicyRules: [{ action: 'Restart', exitCodes }] } as const
    await bench.create({
      restartPolicy: 'Never',
      containers: [testContainer(rules), testContainer({ name: 'other' })],
    })
    await bench.until('both run', () => bench.status('other')?.state?.running !== undefined)
    await bench.clock.advance(5)
    await bench.until('it runs again', () => bench.status('app')?.restartCount === 1)
    await bench.until('the other has ended', () => bench.status('other')?.state?.terminated !== undefined)
    assert.deepEqual(bench.started, ['app-0-0', 'other-0-0', 'app-0-1'])
  })

  it('R7: an exit may have all containers begin anew, in the same sandbox, without a stop signal', async () => {
    await using bench = await openBench({
      first: [{ exitsAfterMs: 5 }],
      app: [{ exitsAfterMs: 50, exitCode: 42 }, {}],
      other: [{}],
    })
    const exitCodes = { operator: 'In', values: [42] }
    const rules = {
      restartPolicy: 'Never',
      restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes }],
    } as const
    await bench.create({
      initContainers: [testContainer({ name: 'first' })],
      containers: [testContainer(rules), testContainer({ name: 'other' })],
    })
    await bench.until('first runs', () => bench.status('first')?.state?.running !== undefined)
    await bench.clock.advance(5)
    await bench.until('the apps run', () => bench.status('other')?.state?.running !== undefined)
    await bench.clock.advance(50)
    await bench.until('first runs again', () => bench.status('first')?.restartCount === 1)
    await bench.clock.advance(5)
    await bench.until('the apps run again', () => bench.status('other')?.restartCount === 1)
    assert.equal(bench.status('app')?.restartCount, 1)
    assert.deepEqual(bench.signals, ['other-0-0 9'])
    assert.deepEqual(bench.started, ['first-0-0', 'app-0-0', 'other-0-0', 'first-0-1', 'app-0-1', 'other-0-1'])
    const condition = bench.pod?.status?.conditions?.find(({ type }) => type === 'AllContainersRestarting')
    assert.equal(condition?.status, 'False')
  })

  it('C4: another image restarts its container only, at once', async () => {
    await using bench = await openBench({ app: [{}], other: [{}] })
    await bench.create({ containers: [testContainer(), testContainer({ name: 'other' })] })
    await bench.until('both run', () => bench.status('other')?.state?.running !== undefined)
    await bench.store.modify(PODS, KEY, (pod) => ({
      ...pod,
      spec: {
        ...pod.spec,
        containers: pod.spec.containers.map((each) => (each.name === 'app' ? { ...each, image: 'web:2' } : each)),
      },
    }))
    await bench.until('it runs again', () => bench.status('app')?.restartCount === 1)
    assert.deepEqual(bench.started, ['app-0-0', 'other-0-0', 'app-0-1'])
    const killing = bench.store.list(EVENTS).items.find(({ reason }) => reason === 'Killing')
    assert.equal(killing?.message, 'Container app definition changed, will be restarted')
  })

  it('H8: the stop signal of the manifest is sent, and told', async () => {
    await using bench = await openBench({ app: [{}] })
    await bench.create({ containers: [testContainer({ lifecycle: { stopSignal: 'SIGRTMIN+3' } })] })
    await bench.until('it runs', () => bench.status('app')?.state?.running !== undefined)
    assert.equal(bench.status('app')?.stopSignal, 'SIGRTMIN+3')
    await bench.delete(30)
    await bench.until('it is gone', () => bench.pod === undefined)
    assert.deepEqual(bench.signals, ['app-0-0 37'])
  })

  it('C2: a pod is Ready once somebody has opened its gates', async () => {
    await using bench = await openBench({ app: [{}] })
    await bench.create({ readinessGates: [{ conditionType: 'example.com/open' }] })
    const isReady = (): string | undefined =>
      bench.pod?.status?.conditions?.find(({ type }) => type === 'Ready')?.status
    await bench.until('it runs', () => bench.status('app')?.ready === true)
    assert.equal(isReady(), 'False')
    await bench.store.modify(PODS, KEY, (pod) => ({
      ...pod,
      status: {
        ...pod.status,
        conditions: [...(pod.status?.conditions ?? []), { type: 'example.com/open', status: 'True' }],
      },
    }))
    await bench.until('it is Ready', () => isReady() === 'True')
  })

  it('R9: a restart that is put off is told in an event', async () => {
    await using bench = await openBench({ app: [{ exitsAfterMs: 5, exitCode: 1 }] })
    await bench.create({})
    for (const restarts of [0, 1]) {
      await bench.until('it runs', () => bench.started.length === restarts + 1 && isRunning(bench))
      await bench.clock.advance(5)
    }
    await bench.until('it ended', () => !isRunning(bench))
    await bench.clock.advance(1_000)
    await bench.until('it is told', () => bench.events.includes('BackOff'))
  })

  it('R9: a program that cannot be executed is StartError, code 128, and backs off like a crash', async () => {
    const failsToStart = new Failure('StartError', 'exec "/nope": no such file in the image')
    await using bench = await openBench({ app: [{ failsToStart }, { failsToStart }, {}] })
    await bench.create({})
    await bench.until('two starts failed', () => bench.started.length === 2)
    await bench.until('it is told', () => bench.status('app')?.lastState?.terminated?.reason === 'StartError')
    assert.equal(bench.status('app')?.lastState?.terminated?.exitCode, 128)
    await bench.clock.advance(10_000)
    await bench.until('it runs', () => bench.status('app')?.state?.running !== undefined)
  })
})
