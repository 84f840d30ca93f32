// A peapod server as a process of its own, put together as src/main.ts does it for `peapod run`. Prints the path of its
// socket; runs until its standard input ends, and takes everything down then.
import { once } from 'node:events'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createSandbox } from '../src/machine/sandbox/create-sandbox.ts'
import { removeNetworkIfUnused } from '../src/machine/sandbox/network.ts'
import { loadSandbox } from '../src/machine/sandbox/load-sandbox.ts'
import { removeSandbox } from '../src/machine/sandbox/remove-sandbox.ts'
import { makeBuiltIn } from '../src/machine/image/builtin-image.ts'
import { openImageStore } from '../src/machine/image/image-store.ts'
import { chooseRuntime } from '../src/machine/runtime/oci/choose-runtime.ts'
import { openOciRuntime } from '../src/machine/runtime/oci/open-oci-runtime.ts'
import { schedulePods } from '../src/node/controllers/schedule-pods.ts'
import { machineClock } from '../src/node/engine/clock.ts'
import { Engine } from '../src/node/engine/engine.ts'
import { makeInstanceDirectory } from '../src/node/engine/instance-directory.ts'
import { readMachineFacts, readNodeFacts } from '../src/node/engine/machine-facts.ts'
import { openServer } from '../src/node/server/open-server.ts'
import { openMemoryStore } from '../src/node/store/memory-store.ts'

const NETWORK_REMOVAL_MS = 5_000

const [stateDirectory = ''] = process.argv.slice(2)
const log = (line: string) => process.stderr.write(`server: ${line}\n`)
// Ctrl-C is for whoever started this: it ends our input.
process.on('SIGINT', () => undefined)

const instance = await makeInstanceDirectory(stateDirectory)
const store = openMemoryStore()
const runtime = await openOciRuntime({ ...(await chooseRuntime()), directory: join(instance.directory, 'runtime') })
const node = readNodeFacts(hostname(), instance.directory)
const engine = new Engine({
  store,
  images: await openImageStore(join(stateDirectory, 'images'), { makeBuiltIn }),
  runtime,
  sandboxes: { create: createSandbox, remove: removeSandbox, load: loadSandbox },
  clock: machineClock,
  machine: readMachineFacts(),
  nodeName: node.name,
  node,
  instanceDirectory: instance.directory,
  log,
})
const socketPath = join(instance.directory, 'api.sock')
const server = await openServer({
  store,
  streams: { log: () => Promise.reject(new Error('no logs here')) },
  socketPath,
  clock: machineClock,
  nodeName: hostname(),
  version: 'bench',
  log,
})
const stopping = new AbortController()
const running = engine.run(stopping.signal)
const scheduling = schedulePods({ store, node, nowMs: () => Date.now(), log }, stopping.signal)

process.stdout.write(`${socketPath}\n`)
process.stdin.resume()
await once(process.stdin, 'close')

await engine.takeDown()
stopping.abort()
await Promise.all([running, scheduling, server.close()])
await store.close()
await runtime[Symbol.asyncDispose]()
await instance.remove()
await removeNetworkIfUnused(AbortSignal.timeout(NETWORK_REMOVAL_MS))
