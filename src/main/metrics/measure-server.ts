import type { Engine } from '../../node/engine/engine.ts'
import type { EngineMetrics } from '../../node/engine/engine-metrics.ts'
import { STORED_RESOURCES } from '../../node/server/kinds/kinds.ts'
import { machineClock } from '../../node/engine/clock.ts'
import { machineUsage, UsageMeter } from '../../node/engine/usage/usage-meter.ts'
import type { ResourceUsage } from '../../node/server/resource-usage.ts'
import type { RequestMetrics } from '../../node/server/request-metrics.ts'
import type { Store } from '../../node/store/store.ts'
import { measureEngine } from './measure-engine.ts'
import { type MachineOperations, measureOperations } from './measure-operations.ts'
import { measureProcess } from './measure-process.ts'
import { measureRequests } from './measure-requests.ts'
import { measureStore } from './measure-store.ts'
import { MetricsRegistry } from './metrics-registry.ts'

export interface ServerMetrics {
  readonly requests: RequestMetrics
  readonly engine: EngineMetrics
  readonly usage: ResourceUsage
  /** The same operations, counted and timed. */
  readonly operations: (operations: MachineOperations) => MachineOperations
}

/** Everything that `/metrics` of a server tells. @param engine once there is one. */
export function measureServer(store: Store, engine: () => Pick<Engine, 'world' | 'worlds'> | undefined): ServerMetrics {
  const registry = new MetricsRegistry()
  const requests = measureRequests(registry)
  measureStore(registry, store, STORED_RESOURCES)
  const metrics = {
    requests,
    engine: measureEngine(registry, () => engine()?.worlds() ?? []),
    usage: new UsageMeter({ clock: machineClock, world: (uid) => engine()?.world(uid), source: machineUsage() }),
    operations: measureOperations(registry),
  }
  measureProcess(registry)
  return metrics
}
