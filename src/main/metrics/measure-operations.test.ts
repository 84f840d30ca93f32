import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseMetrics } from '../../../test/parse-metrics.ts'
import { Failure } from '../../failure.ts'
import type { Image } from '../../machine/image/image.ts'
import { VirtualClock } from '../../machine/runtime/fake/virtual-clock.ts'
import { makeFakeMachine, openFakeRuntime } from '../../machine/runtime/fake/open-fake-runtime.ts'
import type { SandboxMaker } from '../../node/engine/engine-parts.ts'
import { measureOperations } from './measure-operations.ts'
import { MetricsRegistry } from './metrics-registry.ts'

describe('what the machine is asked to do is counted', () => {
  it('by what it was, how long it took and whether it failed; and is done as before', async () => {
    const registry = new MetricsRegistry()
    const { runtime, images, sandboxes } = measureOperations(registry)({
      runtime: openFakeRuntime(makeFakeMachine(new VirtualClock(), () => ({}))),
      images: {
        find: () => Promise.resolve(undefined),
        use: () => Promise.resolve(undefined),
        pull: (reference) =>
          reference === 'small'
            ? Promise.resolve({ sizeBytes: 20_000_000 } as Image)
            : Promise.reject(new Failure('ErrImagePull', 'there is none')),
      },
      sandboxes: {
        create: () => Promise.reject(new Failure('SetupFailed', 'no')),
        remove: () => Promise.resolve(),
        load: () => Promise.resolve(undefined),
      } as Partial<SandboxMaker> as SandboxMaker,
    })
    const { signal } = new AbortController()
    assert.deepEqual(await runtime.list(), [])
    await runtime.remove('nobody')
    await assert.rejects(runtime.start('nobody'))
    assert.equal((await images.pull('small', { signal })).sizeBytes, 20_000_000)
    await assert.rejects(images.pull('other', { signal }), { reason: 'ErrImagePull' })
    await assert.rejects(sandboxes.create({} as never, signal), { reason: 'SetupFailed' })
    const families = parseMetrics(registry.text())
    const counts = (name: string): unknown =>
      Object.fromEntries(
        (families.get(name)?.samples ?? [])
          .filter((sample) => !/_(?:bucket|sum)$/.test(sample.name))
          .map(({ labels, value }) => [Object.values(labels).join(), value]),
      )
    const all = { list_containers: 1, remove_container: 1, start_container: 1, pull_image: 2, run_podsandbox: 1 }
    assert.deepEqual(counts('kubelet_runtime_operations_total'), all)
    assert.deepEqual(counts('kubelet_runtime_operations_duration_seconds'), all)
    assert.deepEqual(counts('kubelet_runtime_operations_errors_total'), {
      start_container: 1,
      pull_image: 1,
      run_podsandbox: 1,
    })
    assert.deepEqual(counts('kubelet_image_pull_duration_seconds'), { '10MB-100MB': 1 })
  })
})
