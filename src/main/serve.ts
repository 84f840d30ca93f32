import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Engine } from '../node/engine/engine.ts'
import type { ServeOptions } from '../user/cli/cli-machine.ts'
import { keepClean } from './keep-clean.ts'
import { makeEngine, sandboxMaker, schedule } from './make-engine.ts'
import { openApi } from './open-api.ts'
import { openImageStoreOf } from './open-images.ts'
import { openRuntime } from './open-runtime.ts'
import { ServedPodApi } from './pod-api.ts'
import { rememberAddress, remoteOptions } from './remote-access.ts'
import { runControllers } from './run-controllers.ts'
import { serverSocket } from './server-socket.ts'

/** Another name for each run of the machine. Tests put another file in its place. */
const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id'

/** The server of a state directory, until it is told to end: the pods go on without it. */
export async function serve(options: ServeOptions): Promise<void> {
  const { stateDirectory, restartBackOff, maxRestartBackOffMs = Infinity, listen, signal, onReady } = options
  const [
    { openServerDirectory },
    { openSqliteStore },
    { measureServer },
    { cappedBackOff, FAST_BACK_OFF, NORMAL_BACK_OFF },
  ] = await Promise.all([
    import('../node/engine/instance-directory.ts'),
    import('../node/store/sqlite-store.ts'),
    import('./metrics/measure-server.ts'),
    import('../kube/lifecycle/restart-delay.ts'),
  ])
  const folder = await openServerDirectory(stateDirectory)
  await using end = new AsyncDisposableStack()
  end.defer(() => folder.release())
  const store = openSqliteStore({ path: join(folder.directory, 'store.db'), survives: 'process-death' })
  end.defer(() => store.close())
  const runtime = end.use(await openRuntime(join(folder.directory, 'runtime')))
  const sandboxes = await sandboxMaker()
  const images = await openImageStoreOf(stateDirectory, 'collects garbage')
  const measured = measureServer(store, () => engine)
  const podApi = new ServedPodApi(store)
  const engine: Engine = await makeEngine({
    store,
    api: podApi,
    ...measured.operations({ runtime, images, sandboxes }),
    metrics: measured.engine,
    instanceDirectory: folder.directory,
    outlived: { bootId: readFileSync(process.env['PEAPOD_BOOT_ID_FILE'] ?? BOOT_ID_FILE, 'utf8').trim() },
    backOff: cappedBackOff(restartBackOff === 'fast' ? FAST_BACK_OFF : NORMAL_BACK_OFF, maxRestartBackOffMs),
  })
  const stopping = new AbortController()
  const until = AbortSignal.any([signal, stopping.signal])
  const awaitAtEnd = (work: Promise<void>): void =>
    end.defer(async () => {
      stopping.abort()
      await work
    })
  const running = engine.run(until)
  awaitAtEnd(running)
  end.use(podApi)
  await engine.adopted()
  awaitAtEnd(schedule(store, folder.directory, until))
  const socketPath = serverSocket(stateDirectory)
  const { remote, gateway } = await remoteOptions({ directory: folder.directory, listen, signal })
  const server = await openApi({ engine: () => Promise.resolve(engine), runtime, store, socketPath, remote, measured })
  end.defer(() => server.close())
  awaitAtEnd(keepClean({ store, machine: { images, sandboxes, stateDirectory } }, until))
  const port = server.remoteAddress?.port
  const forPods = gateway === undefined || port === undefined ? undefined : { host: gateway, port }
  const { authority, signing } = remote.files
  podApi.opened({ signing, address: forPods })
  awaitAtEnd(runControllers({ store, authority, forPods, images, directory: folder.directory }, until))
  onReady({ socketPath, url: rememberAddress(folder.directory, server.remoteAddress) })
  await running
}
