import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { Failure } from './failure.ts'
import type { Image } from './machine/image/image.ts'
import type { ImageStore } from './machine/image/image-store.ts'
import type { RegistriesConfig } from './machine/image/registry/registries-config.ts'
import type { ContainerRuntime } from './machine/runtime/container-runtime.ts'
import type { Engine } from './node/engine/engine.ts'
import type { EngineParts, SandboxMaker } from './node/engine/engine-parts.ts'
import type { OpenServer } from './node/server/open-server.ts'
import type { Store } from './node/store/store.ts'
import type { InterruptSignal } from './user/cli/cli-environment.ts'
import type {
  CliMachine,
  Connection,
  ConnectOptions,
  ImageCommands,
  MachineCheck,
  PulledImage,
  ServeOptions,
} from './user/cli/cli-machine.ts'

// The only file that imports from every wing. What a command does not need is not loaded: the command line has to answer
// within 150 ms, so everything beyond it is imported where it is used.

const VERSION = '0.1.0'
/** The kernel frees the last pod's links a moment after its namespace. */
const NETWORK_REMOVAL_MS = 5_000
/** Another name for each run of the machine. Tests put another file in its place. */
const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id'

const machine: CliMachine = {
  version: VERSION,
  connect: connectToServer,
  serve,
  openImages,
  doctor: examineMachine,
}

/** The server that runs on the state directory, or else one inside this process. */
async function connectToServer(options: ConnectOptions): Promise<Connection> {
  refuseUnlessRoot()
  const socketPath = serverSocket(options.stateDirectory)
  if (!(await isAnswered(socketPath))) return embedServer(options)
  return { endpoint: { socketPath }, embedded: false, stop: () => Promise.resolve() }
}

function serverSocket(stateDirectory: string): string {
  return join(stateDirectory, 'instances', 'server', 'api.sock')
}

/** A server that was killed leaves its socket behind. */
async function isAnswered(socketPath: string): Promise<boolean> {
  if (!existsSync(socketPath)) return false
  const socket = (await import('node:net')).connect(socketPath)
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  }).finally(() => socket.destroy())
}

/** On a fresh folder that vanishes with the server. What killed processes left goes first. */
async function embedServer({ stateDirectory, onPullProgress }: ConnectOptions): Promise<Connection> {
  const [{ makeInstanceDirectory, removeDeadInstances }, { openMemoryStore }, { firstPod }] = await Promise.all([
    import('./node/engine/instance-directory.ts'),
    import('./node/store/memory-store.ts'),
    import('./node/engine/first-pod.ts'),
  ])
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
    })
  const engine = (): Promise<Engine> => (made ??= makeOnce())
  const socketPath = join(instance.directory, 'api.sock')
  const server = await openApi(engine, store, socketPath)
  const stopping = new AbortController()
  // The engine is most of the code that there is to load: the first pod's client is answered before that.
  const begun = firstPod(store, stopping.signal).then(letAnswersGo)
  const swept = begun.then(async () => removeDeadInstances(stateDirectory, await sandboxMaker()))
  const running = begun.then(async () => {
    if (!stopping.signal.aborted) await (await engine()).run(stopping.signal)
  })
  const scheduling = begun.then(() => schedule(store, instance.directory, stopping.signal))
  return {
    endpoint: { socketPath },
    embedded: true,
    async stop() {
      await (await made)?.takeDown()
      stopping.abort()
      await Promise.all([running, scheduling, swept, server.close()])
      await store.close()
      await runtime[Symbol.asyncDispose]()
      await instance.remove()
      const { removeNetworkIfUnused } = await import('./machine/sandbox/network.ts')
      await removeNetworkIfUnused(AbortSignal.timeout(NETWORK_REMOVAL_MS))
    },
  }
}

/** For some turns of the event loop: an answer is written in one, received in the next, and told in a third. */
async function letAnswersGo(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** The server of a state directory, until it is told to end: the pods go on without it. */
async function serve({ stateDirectory, restartBackOff, signal, onReady }: ServeOptions): Promise<void> {
  refuseUnlessRoot()
  const [{ openServerDirectory, removeDeadInstances }, { openSqliteStore }, { FAST_BACK_OFF }] = await Promise.all([
    import('./node/engine/instance-directory.ts'),
    import('./node/store/sqlite-store.ts'),
    import('./kube/lifecycle/restart-delay.ts'),
  ])
  const folder = await openServerDirectory(stateDirectory)
  await using end = new AsyncDisposableStack()
  end.defer(() => folder.release())
  const store = openSqliteStore({ path: join(folder.directory, 'store.db'), survives: 'process-death' })
  end.defer(() => store.close())
  const runtime = end.use(await openRuntime(join(folder.directory, 'runtime')))
  const sandboxes = await sandboxMaker()
  const engine = await makeEngine({
    store,
    runtime,
    images: await openImageStoreOf(stateDirectory),
    sandboxes,
    instanceDirectory: folder.directory,
    outlived: { bootId: readFileSync(process.env['PEAPOD_BOOT_ID_FILE'] ?? BOOT_ID_FILE, 'utf8').trim() },
    ...(restartBackOff === 'fast' ? { backOff: FAST_BACK_OFF } : {}),
  })
  const stopping = new AbortController()
  const running = engine.run(AbortSignal.any([signal, stopping.signal]))
  end.defer(() => running)
  end.defer(() => stopping.abort())
  await engine.adopted()
  const scheduling = schedule(store, folder.directory, AbortSignal.any([signal, stopping.signal]))
  end.defer(async () => {
    stopping.abort()
    await scheduling
  })
  const socketPath = serverSocket(stateDirectory)
  const server = await openApi(() => Promise.resolve(engine), store, socketPath)
  end.defer(() => server.close())
  const swept = removeDeadInstances(stateDirectory, sandboxes)
  end.defer(async () => {
    await swept
  })
  onReady(socketPath)
  await running
}

type OwnParts = Omit<EngineParts, 'clock' | 'machine' | 'nodeName' | 'node' | 'log'>

async function makeEngine(parts: OwnParts): Promise<Engine> {
  const [{ Engine }, { machineClock }, { readMachineFacts, readNodeFacts }] = await Promise.all([
    import('./node/engine/engine.ts'),
    import('./node/engine/clock.ts'),
    import('./node/engine/machine-facts.ts'),
  ])
  return new Engine({
    ...parts,
    clock: machineClock,
    machine: readMachineFacts(),
    nodeName: hostname(),
    node: readNodeFacts(hostname(), parts.instanceDirectory),
    log: complain,
  })
}

/** Gives pods this machine, until the signal aborts. */
async function schedule(store: Store, directory: string, signal: AbortSignal): Promise<void> {
  const [{ schedulePods }, { readNodeFacts }] = await Promise.all([
    import('./node/controllers/schedule-pods.ts'),
    import('./node/engine/machine-facts.ts'),
  ])
  const node = readNodeFacts(hostname(), directory)
  await schedulePods({ store, node, nowMs: () => Date.now(), log: complain }, signal)
}

async function sandboxMaker(): Promise<SandboxMaker> {
  const [{ createSandbox }, { removeSandbox }, { loadSandbox }] = await Promise.all([
    import('./machine/sandbox/create-sandbox.ts'),
    import('./machine/sandbox/remove-sandbox.ts'),
    import('./machine/sandbox/load-sandbox.ts'),
  ])
  return { create: createSandbox, remove: removeSandbox, load: loadSandbox }
}

async function openRuntime(directory: string): Promise<ContainerRuntime & AsyncDisposable> {
  const [{ openOciRuntime }, { chooseRuntime }] = await Promise.all([
    import('./machine/runtime/oci/open-oci-runtime.ts'),
    import('./machine/runtime/oci/choose-runtime.ts'),
  ])
  return openOciRuntime({ ...(await chooseRuntime()), directory })
}

async function openApi(engine: () => Promise<Engine>, store: Store, socketPath: string): Promise<OpenServer> {
  const [{ openServer }, { machineClock }] = await Promise.all([
    import('./node/server/open-server.ts'),
    import('./node/engine/clock.ts'),
  ])
  return openServer({
    store,
    streams: {
      async log(pod, request) {
        const { openPodLog } = await import('./node/engine/open-pod-log.ts')
        return openPodLog(await engine(), pod, request)
      },
    },
    socketPath,
    clock: machineClock,
    nodeName: hostname(),
    version: VERSION,
    log: complain,
  })
}

async function openImageStoreOf(stateDirectory: string): Promise<ImageStore> {
  const [{ openImageStore }, { credentialsFromFiles }] = await Promise.all([
    import('./machine/image/image-store.ts'),
    import('./machine/image/registry/credentials.ts'),
  ])
  return openImageStore(join(stateDirectory, 'images'), {
    credentials: credentialsFromFiles(process.env),
    registries: await readRegistries(stateDirectory),
    proxyEnv: process.env,
    makeBuiltIn: async (reference, store) =>
      (await import('./machine/image/builtin-image.ts')).makeBuiltIn(reference, store),
    imagesInUse: async () => (await import('./node/engine/images-in-use.ts')).imagesInUse(stateDirectory),
  })
}

/** Mirrors and insecure registries: the state directory's own file, else the machine's. */
async function readRegistries(stateDirectory: string): Promise<RegistriesConfig> {
  for (const file of [join(stateDirectory, 'registries.json'), '/etc/peapod/registries.json']) {
    if (!existsSync(file)) continue
    const { parseRegistriesConfig } = await import('./machine/image/registry/registries-config.ts')
    return parseRegistriesConfig(readFileSync(file, 'utf8'), file)
  }
  return { mirrors: {}, insecure: [] }
}

async function openImages({ stateDirectory }: { readonly stateDirectory: string }): Promise<ImageCommands> {
  refuseUnlessRoot()
  const store = await openImageStoreOf(stateDirectory)
  const pulled = (image: Image): PulledImage => ({ name: image.names[0] ?? image.id, id: image.id })
  return {
    pull: async (reference, options) => pulled(await store.pull(reference, options)),
    push: async (reference, { signal }) => ({ digest: await store.push(reference, undefined, { signal }) }),
    async load(archive, { signal }) {
      const { loadArchive } = await import('./machine/image/load-archive.ts')
      return (await loadArchive(archive, store, signal)).map(pulled)
    },
    async *save(references, { signal }) {
      const { saveArchive } = await import('./machine/image/save-archive.ts')
      yield* saveArchive(references, store, signal)
    },
    list: () => store.list(),
    remove: (reference, options) => store.remove(reference, options),
    async prune({ all }) {
      const { deleted, freedBytes } = await store.prune(all ? 'all' : 'dangling')
      return { deleted: deleted.map((id) => ({ id, names: [] })), freedBytes }
    },
  }
}

async function examineMachine({
  stateDirectory,
}: {
  readonly stateDirectory: string
}): Promise<readonly MachineCheck[]> {
  const [{ checkKernel }, { checkRuntime }, { checkNetwork }, { checkBusybox }] = await Promise.all([
    import('./machine/linux/check-kernel.ts'),
    import('./machine/runtime/oci/check-runtime.ts'),
    import('./machine/sandbox/check-network.ts'),
    import('./machine/image/check-busybox.ts'),
  ])
  const checks = [...checkKernel(stateDirectory), ...(await checkRuntime()), checkBusybox(), ...(await checkNetwork())]
  return checks.map(({ name, is, detail, remedy }) => ({
    name,
    verdict: is === 'ok' ? 'good' : is,
    detail,
    ...(remedy === undefined ? {} : { remedy }),
  }))
}

function refuseUnlessRoot(): void {
  if (process.getuid?.() === 0) return
  throw new Failure('PermissionDenied', 'containers and images need root; run this with sudo')
}

function complain(line: string): void {
  process.stderr.write(`peapod: ${line}\n`)
}

function onInterrupt(listener: (signal: InterruptSignal) => void): () => void {
  const signals: readonly InterruptSignal[] = ['SIGINT', 'SIGTERM']
  for (const signal of signals) process.on(signal, listener)
  return () => {
    for (const signal of signals) process.off(signal, listener)
  }
}

const { runCli } = await import('./user/cli/cli.ts')
process.exitCode = await runCli(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  nowMs: () => Date.now(),
  onInterrupt,
  machine,
})
