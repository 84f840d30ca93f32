import { join } from 'node:path'
import type { Engine } from '../node/engine/engine.ts'
import type { Connection, ConnectOptions } from '../user/cli/cli-machine.ts'
import { keepClean } from './keep-clean.ts'
import { makeEngine, sandboxMaker, schedule } from './make-engine.ts'
import { openApi } from './open-api.ts'
import { openImageStoreOf } from './open-images.ts'
import { openRuntime } from './open-runtime.ts'
import { finishDeletions } from './run-controllers.ts'

/** The kernel frees the last pod's links a moment after its namespace. */
const NETWORK_REMOVAL_MS = 5_000

/** On a fresh folder that vanishes with the server. What killed processes left goes first. */
export async function embedServer(options: ConnectOptions): Promise<Connection> {
  const [{ makeInstanceDirectory, removeDeadInstances }, { openMemoryStore }, { firstPod }, { FAST_BACK_OFF }] =
    await Promise.all([
      import('../node/engine/instance-directory.ts'),
      import('../node/store/memory-store.ts'),
      import('../node/engine/first-pod.ts'),
      import('../kube/lifecycle/restart-delay.ts'),
    ])
  const { stateDirectory, onPullProgress, restartBackOff } = options
  const instance = await makeInstanceDirectory(stateDirectory)
  const store = openMemoryStore()
  const runtime = await openRuntime(join(instance.directory, 'runtime'))
  const images = await openImageStoreOf(stateDirectory)
  let made: Promise<Engine> | undefined
  const makeOnce = async (): Promise<Engine> =>
    makeEngine({
      store,
      runtime,
      images,
      sandboxes: await sandboxMaker(),
      instanceDirectory: instance.directory,
      ...(onPullProgress === undefined ? {} : { onPullProgress }),
      ...(restartBackOff === 'fast' ? { backOff: FAST_BACK_OFF } : {}),
    })
  const engine = (): Promise<Engine> => (made ??= makeOnce())
  const socketPath = join(instance.directory, 'api.sock')
  const server = await openApi({ engine, runtime, store, socketPath })
  const stopping = new AbortController()
  // The engine is most of the code that there is to load: the first pod's client is answered before that.
  const begun = firstPod(store, stopping.signal).then(letAnswersGo)
  const swept = begun.then(async () => removeDeadInstances(stateDirectory, await sandboxMaker()))
  const running = begun.then(async () => {
    if (!stopping.signal.aborted) await (await engine()).run(stopping.signal)
  })
  const scheduling = begun.then(() => schedule(store, instance.directory, stopping.signal))
  const cleaning = begun.then(() => keepClean({ store }, stopping.signal))
  const finishing = begun.then(() => finishDeletions(store, stopping.signal))
  return {
    endpoint: { socketPath },
    embedded: true,
    async stop() {
      await (await made)?.takeDown()
      stopping.abort()
      await Promise.all([running, scheduling, cleaning, finishing, swept, server.close()])
      await store.close()
      await runtime[Symbol.asyncDispose]()
      await instance.remove()
      const { removeNetworkIfUnused } = await import('../machine/sandbox/network.ts')
      await removeNetworkIfUnused(AbortSignal.timeout(NETWORK_REMOVAL_MS))
    },
  }
}

/** For some turns of the event loop: an answer is written in one, received in the next, and told in a third. */
async function letAnswersGo(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
