import { hostname } from 'node:os'
import type { ContainerStreams } from '../machine/runtime/container-streams.ts'
import type { Engine } from '../node/engine/engine.ts'
import type { ResourceUsage } from '../node/server/resource-usage.ts'
import type { RequestMetrics } from '../node/server/request-metrics.ts'
import type { RemoteOptions } from '../node/server/open-remote.ts'
import type { OpenServer } from '../node/server/open-server.ts'
import type { Store } from '../node/store/store.ts'
import { complain, VERSION } from './program.ts'

interface Measured {
  readonly requests: RequestMetrics
  readonly usage: ResourceUsage
}

export interface ApiOptions {
  readonly engine: () => Promise<Engine>
  readonly runtime: ContainerStreams
  readonly store: Store
  readonly socketPath: string
  readonly remote?: RemoteOptions
  /** Absent: nothing is measured. */
  readonly measured?: Measured
}

export async function openApi({
  engine,
  runtime,
  store,
  socketPath,
  remote,
  measured,
}: ApiOptions): Promise<OpenServer> {
  const [{ openServer }, { machineClock }] = await Promise.all([
    import('../node/server/open-server.ts'),
    import('../node/engine/clock.ts'),
  ])
  return openServer({
    store,
    streams: {
      async log(pod, request) {
        const { openPodLog } = await import('../node/engine/open-pod-log.ts')
        return openPodLog(await engine(), pod, request)
      },
      async exec(pod, request) {
        const { execInPod } = await import('../node/engine/streams/exec-in-pod.ts')
        return execInPod({ engine: await engine(), runtime }, pod, request)
      },
      async attach(pod, request) {
        const { attachToPod } = await import('../node/engine/streams/attach-to-pod.ts')
        return attachToPod({ engine: await engine(), runtime }, pod, request)
      },
      async proxy(pod) {
        const { proxyToPod } = await import('../node/engine/streams/proxy-to-pod.ts')
        return proxyToPod(await engine(), pod)
      },
      async portForward(pod) {
        const { forwardToPod } = await import('../node/engine/streams/forward-to-pod.ts')
        return forwardToPod(await engine(), pod)
      },
    },
    socketPath,
    clock: machineClock,
    nodeName: hostname(),
    version: VERSION,
    log: complain,
    ...(remote === undefined ? {} : { remote }),
    metrics: measured?.requests,
    usage: measured?.usage,
  })
}
