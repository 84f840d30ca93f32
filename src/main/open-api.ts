import { hostname } from 'node:os'
import type { Engine } from '../node/engine/engine.ts'
import type { RemoteOptions } from '../node/server/open-remote.ts'
import type { OpenServer } from '../node/server/open-server.ts'
import type { Store } from '../node/store/store.ts'
import { complain, VERSION } from './program.ts'

export interface ApiOptions {
  readonly engine: () => Promise<Engine>
  readonly store: Store
  readonly socketPath: string
  readonly remote?: RemoteOptions
}

export async function openApi({ engine, store, socketPath, remote }: ApiOptions): Promise<OpenServer> {
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
    },
    socketPath,
    clock: machineClock,
    nodeName: hostname(),
    version: VERSION,
    log: complain,
    ...(remote === undefined ? {} : { remote }),
  })
}
