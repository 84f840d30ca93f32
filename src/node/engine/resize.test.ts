import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../failure.ts'
import type { Pod, PodCondition } from '../../kube/api/pod.ts'
import { PODS } from '../store/resources.ts'
import { type Bench, KEY, NODE, openBench } from './engine-bench.ts'
import { testContainer, testPod } from './test-pod.ts'

const MiB = 1024 * 1024
const OLD = { limits: { cpu: '200m', memory: '64Mi' }, requests: { cpu: '100m', memory: '32Mi' } }
const NEW = { limits: { cpu: '400m', memory: '128Mi' }, requests: { cpu: '300m', memory: '32Mi' } }

const isUp = (bench: Bench) => () => bench.status('app')?.state?.running !== undefined
const resizing = ({ pod }: Bench): PodCondition[] =>
  (pod?.status?.conditions ?? []).filter(({ type }) => type.startsWith('PodResize'))

/** As the API server takes `pods/…/resize`. */
async function resize(bench: Bench, resources: typeof OLD): Promise<void> {
  await bench.store.modify(PODS, KEY, (pod): Pod => {
    const { generation = 1 } = pod.metadata
    const containers = pod.spec.containers.map((container) => ({ ...container, resources }))
    return { ...pod, metadata: { ...pod.metadata, generation: generation + 1 }, spec: { ...pod.spec, containers } }
  })
}

describe('Q6: a running pod is resized', () => {
  it('in place: the pod first, then its container, then the pod as it is to be', async () => {
    await using bench = await openBench({ app: [{}] })
    await bench.create({ containers: [testContainer({ resources: OLD })] })
    await bench.until('it runs', isUp(bench))
    assert.deepEqual(bench.status('app')?.resources, OLD)
    await resize(bench, NEW)
    await bench.until('it is resized', () => bench.told('ResizeCompleted').length === 1)
    await bench.until('it is told', () => resizing(bench).length === 0)
    const { resources, allocatedResources, restartCount } = bench.status('app') ?? {}
    assert.deepEqual([resources, allocatedResources, restartCount], [NEW, NEW.requests, 0])
    assert.deepEqual(bench.limitsOf('app-0-0'), {
      ...{ cpuShares: 307, cpuPeriodUs: 100_000, cpuQuotaUs: 40_000 },
      memoryLimitBytes: 128 * MiB,
    })
    assert.deepEqual(
      bench.podLimits.map(({ cpuQuotaUs, memoryLimitBytes }) => [cpuQuotaUs, memoryLimitBytes]),
      [
        [40_000, 128 * MiB],
        [40_000, 128 * MiB],
      ],
    )
    await resize(bench, OLD)
    await bench.until('it is resized again', () => bench.told('ResizeCompleted').length === 2)
    assert.deepEqual(
      bench.podLimits.slice(2).map(({ cpuQuotaUs }) => cpuQuotaUs),
      [40_000, 20_000],
    )
    assert.match(bench.told('ResizeStarted')[0] ?? '', /^Pod resize started: \{"containers":\[\{"name":"app",/)
  })

  it('by a restart, where the policy says so', async () => {
    await using bench = await openBench({ app: [{}] })
    const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }]
    await bench.create({ containers: [testContainer({ resources: OLD, resizePolicy })] })
    await bench.until('it runs', isUp(bench))
    await resize(bench, NEW)
    await bench.until('it is resized', () => bench.told('ResizeCompleted').length === 1)
    assert.deepEqual(bench.started, ['app-0-0', 'app-0-1'])
    assert.deepEqual(bench.told('Killing'), ['Container app resize requires restart'])
    assert.equal(bench.limitsOf('app-0-1')?.memoryLimitBytes, 128 * MiB)
    await bench.until('it is told', () => bench.status('app')?.restartCount === 1)
    assert.deepEqual(bench.status('app')?.resources, NEW)
  })

  it('as soon as there is room; until then it runs, and restarts, as before', async () => {
    await using bench = await openBench({ app: [{ exitsAfterMs: 1_000, exitCode: 1 }, {}], hog: [{}] })
    const hog = testPod({
      nodeName: NODE.name,
      containers: [testContainer({ name: 'hog', resources: { requests: { cpu: '3800m' } } })],
    })
    await bench.store.create(PODS, { ...hog, metadata: { ...hog.metadata, name: 'hog', uid: 'uid-of-hog' } })
    await bench.create({ containers: [testContainer({ resources: OLD })] })
    await bench.until('it runs', isUp(bench))
    await resize(bench, NEW)
    await bench.until('it waits', () => resizing(bench)[0]?.reason === 'Deferred')
    const message = "Node didn't have enough resource: cpu, requested: 300, used: 3800, capacity: 4000"
    assert.equal(resizing(bench)[0]?.message, message)
    await bench.clock.advance(1_000)
    await bench.until('it runs again', () => bench.status('app')?.restartCount === 1 && isUp(bench)())
    assert.deepEqual(bench.status('app')?.resources, OLD)
    assert.equal(bench.limitsOf('app-0-1')?.memoryLimitBytes, 64 * MiB)
    await bench.store.modify(PODS, { namespace: 'default', name: 'hog' }, () => undefined)
    await bench.until('it is resized', () => bench.told('ResizeCompleted').length === 1)
    await bench.until('it is told', () => resizing(bench).length === 0)
    assert.deepEqual([bench.status('app')?.resources, bench.told('ResizeDeferred').length], [NEW, 1])
  })

  it('not to what no node could give, which can be taken back', async () => {
    await using bench = await openBench({ app: [{}] })
    await bench.create({ containers: [testContainer({ resources: OLD })] })
    await bench.until('it runs', isUp(bench))
    await resize(bench, { limits: { cpu: '99', memory: '64Mi' }, requests: { cpu: '99', memory: '32Mi' } })
    await bench.until('it is refused', () => resizing(bench)[0]?.reason === 'Infeasible')
    assert.deepEqual(bench.status('app')?.resources, OLD)
    await resize(bench, OLD)
    await bench.until('nothing is pending', () => resizing(bench).length === 0)
    assert.deepEqual([bench.told('ResizeStarted'), bench.podLimits], [[], []])
  })

  it('never below the memory that it holds: that is tried again', async () => {
    await using bench = await openBench({ app: [{}] })
    await bench.create({ containers: [testContainer({ resources: NEW })] })
    await bench.until('it runs', isUp(bench))
    bench.memoryInUseBytes = 100 * MiB
    await resize(bench, OLD)
    await bench.until('it cannot', () => resizing(bench)[0]?.reason === 'Error')
    const sentence =
      `cannot decrease memory limits: [attempting to set pod memory limit (${64 * MiB}) below current usage (${100 * MiB}), ` +
      `attempting to set container "app" memory limit (${64 * MiB}) below current usage (${100 * MiB})]`
    assert.equal(resizing(bench)[0]?.message, sentence)
    assert.deepEqual([bench.podLimits, bench.status('app')?.resources], [[], NEW])
    bench.memoryInUseBytes = 0
    await bench.clock.advance(10_000)
    await bench.until('it is resized', () => bench.told('ResizeCompleted').length === 1)
  })

  it('a machine that refuses is asked again', async () => {
    const program: { failsToUpdate?: Failure } = { failsToUpdate: new Failure('SystemCallFailed', 'no') }
    await using bench = await openBench({ app: [program] })
    await bench.create({ containers: [testContainer({ resources: OLD })] })
    await bench.until('it runs', isUp(bench))
    await resize(bench, NEW)
    await bench.until('it cannot', () => resizing(bench)[0]?.message === 'no')
    assert.deepEqual([bench.told('ResizeError').length, bench.status('app')?.resources], [1, OLD])
    delete program.failsToUpdate
    await bench.clock.advance(10_000)
    await bench.until('it is resized', () => bench.told('ResizeCompleted').length === 1)
  })
})
