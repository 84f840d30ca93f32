import { Failure } from './failure.ts'
import { VERSION } from './main/program.ts'
import type { InterruptSignal } from './user/cli/cli-environment.ts'
import type { CliMachine, Connection, ConnectOptions } from './user/cli/cli-machine.ts'

// With main/ the only place that imports from every wing. What a command does not need is not loaded: the command line
// has to answer within 150 ms, so everything beyond it is imported where it is used.

const machine: CliMachine = {
  version: VERSION,
  connect: connectToServer,
  async findServer({ stateDirectory }) {
    refuseUnlessRoot()
    const { isAnswered, serverSocket } = await import('./main/server-socket.ts')
    const socketPath = serverSocket(stateDirectory)
    return (await isAnswered(socketPath)) ? { socketPath } : undefined
  },
  async serve(options) {
    refuseUnlessRoot()
    const { serve } = await import('./main/serve.ts')
    await serve(options)
  },
  async serverAccess({ stateDirectory }) {
    refuseUnlessRoot()
    const { serverAccess } = await import('./main/remote-access.ts')
    return serverAccess(stateDirectory)
  },
  async openImages(options) {
    refuseUnlessRoot()
    const { openImages } = await import('./main/open-images.ts')
    return openImages(options)
  },
  async doctor(options) {
    const { examineMachine } = await import('./main/examine-machine.ts')
    return examineMachine(options)
  },
}

/** The server that runs on the state directory, or else one inside this process. */
async function connectToServer(options: ConnectOptions): Promise<Connection> {
  refuseUnlessRoot()
  const { isAnswered, serverSocket } = await import('./main/server-socket.ts')
  const socketPath = serverSocket(options.stateDirectory)
  if (!(await isAnswered(socketPath))) {
    const { embedServer } = await import('./main/embed-server.ts')
    return embedServer(options)
  }
  return { endpoint: { socketPath }, embedded: false, stop: () => Promise.resolve() }
}

function refuseUnlessRoot(): void {
  if (process.getuid?.() === 0) return
  throw new Failure('PermissionDenied', 'containers and images need root; run this with sudo')
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
