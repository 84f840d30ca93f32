import { hostname } from 'node:os'
import type { Engine } from '../node/engine/engine.ts'
import type { EngineParts, SandboxMaker } from '../node/engine/engine-parts.ts'
import type { Store } from '../node/store/store.ts'
import { complain } from './program.ts'

type OwnParts = Omit<EngineParts, 'clock' | 'machine' | 'nodeName' | 'node' | 'logLimits' | 'log'>

export async function makeEngine(parts: OwnParts): Promise<Engine> {
  const [{ Engine }, { machineClock }, { readMachineFacts, readNodeFacts }, { LOG_LIMITS }] = await Promise.all([
    import('../node/engine/engine.ts'),
    import('../node/engine/clock.ts'),
    import('../node/engine/machine-facts.ts'),
    import('../node/engine/logs/compute-log-rotation.ts'),
  ])
  return new Engine({
    ...parts,
    clock: machineClock,
    machine: readMachineFacts(),
    nodeName: hostname(),
    node: readNodeFacts(hostname(), parts.instanceDirectory),
    logLimits: LOG_LIMITS,
    log: complain,
  })
}

/** Gives pods this machine, until the signal aborts. */
export async function schedule(store: Store, directory: string, signal: AbortSignal): Promise<void> {
  const [{ schedulePods }, { readNodeFacts }] = await Promise.all([
    import('../node/controllers/schedule-pods.ts'),
    import('../node/engine/machine-facts.ts'),
  ])
  const node = readNodeFacts(hostname(), directory)
  await schedulePods({ store, node, nowMs: () => Date.now(), log: complain }, signal)
}

export async function sandboxMaker(): Promise<SandboxMaker> {
  const [{ createSandbox }, { removeSandbox }, { loadSandbox }, { changeCgroup, memoryInUseBytes }] = await Promise.all(
    [
      import('../machine/sandbox/create-sandbox.ts'),
      import('../machine/sandbox/remove-sandbox.ts'),
      import('../machine/sandbox/load-sandbox.ts'),
      import('../machine/linux/change-cgroup.ts'),
    ],
  )
  return {
    create: createSandbox,
    remove: removeSandbox,
    load: loadSandbox,
    changeLimits: (path, limits) => changeCgroup(path, limits),
    memoryInUseBytes: (path) => memoryInUseBytes(path),
  }
}
