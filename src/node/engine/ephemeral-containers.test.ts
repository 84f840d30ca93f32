import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ContainerStatus, EphemeralContainer } from '../../kube/api/pod.ts'
import { EVENTS, PODS } from '../store/resources.ts'
import { type Bench, KEY, openBench } from './engine-bench.ts'
import { testContainer } from './test-pod.ts'

async function debugWith(bench: Bench, change: Partial<EphemeralContainer> = {}): Promise<void> {
  const added: EphemeralContainer = { ...testContainer({ name: 'debugger' }), ...change }
  await bench.store.modify(PODS, KEY, (pod) => ({ ...pod, spec: { ...pod.spec, ephemeralContainers: [added] } }))
}

const looked = (bench: Bench): ContainerStatus | undefined => bench.pod?.status?.ephemeralContainerStatuses?.[0]

describe('an ephemeral container on the machine', () => {
  it('C1: is started when it comes, told of in events of its own, and not started again', async () => {
    await using bench = await openBench({ app: [{}], debugger: [{ exitsAfterMs: 5, exitCode: 3 }] })
    await bench.create({})
    await bench.until('the app runs', () => bench.status('app')?.state?.running !== undefined)
    await debugWith(bench)
    await bench.until('it runs', () => looked(bench)?.state?.running !== undefined)
    await bench.clock.advance(5)
    await bench.until('it has ended', () => looked(bench)?.state?.terminated?.exitCode === 3)
    await bench.clock.advance(600_000)
    assert.deepEqual(bench.started, ['app-0-0', 'debugger-0-0'])
    const places = bench.store.list(EVENTS).items.map(({ involvedObject }) => involvedObject.fieldPath)
    assert.ok(places.includes('spec.ephemeralContainers{debugger}'), places.join())
    assert.equal(bench.pod?.status?.phase, 'Running')
  })

  it('C1: waits for a target that was never made', async () => {
    await using bench = await openBench({ first: [{}], debugger: [{}] })
    await bench.create({ initContainers: [testContainer({ name: 'first' })] })
    await bench.until('the init container runs', () => bench.status('first')?.state?.running !== undefined)
    await debugWith(bench, { targetContainerName: 'app' })
    await bench.until('it waits', () => looked(bench)?.state?.waiting?.reason === 'CreateContainerConfigError')
    assert.equal(looked(bench)?.state?.waiting?.message, 'unable to find target container app')
    assert.deepEqual(bench.started, ['first-0-0'])
  })

  it('C1: waits for a target that has ended', async () => {
    await using bench = await openBench({ app: [{}], once: [{ exitsAfterMs: 5 }], debugger: [{}] })
    await bench.create({ containers: [testContainer(), testContainer({ name: 'once', restartPolicy: 'Never' })] })
    await bench.until('once runs', () => bench.status('once')?.state?.running !== undefined)
    await bench.clock.advance(5)
    await bench.until('once has ended', () => bench.status('once')?.state?.terminated !== undefined)
    await debugWith(bench, { targetContainerName: 'once' })
    await bench.until('it waits', () => looked(bench)?.state?.waiting?.reason === 'CreateContainerError')
    const message = 'create "debugger": its target container "once" does not run'
    assert.equal(looked(bench)?.state?.waiting?.message, message)
  })
})
