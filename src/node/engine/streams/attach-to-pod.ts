import { Readable } from 'node:stream'
import { everyContainer, type Pod } from '../../../kube/api/pod.ts'
import type { RunningProgram } from '../../../machine/runtime/container-streams.ts'
import { logFileOf } from '../pod-paths.ts'
import type { PodWorld } from '../pod-world.ts'
import { readLog } from '../logs/read-log.ts'
import { runningInstance, type StreamParts } from './running-instance.ts'

export interface AttachOptions {
  readonly container: string
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
}

export interface Attached extends Pick<RunningProgram, 'stdin' | 'resize' | 'release'> {
  readonly stdout: Readable | undefined
  readonly stderr: Readable | undefined
  /** How it ended is told by the pod's status. */
  readonly ended: Promise<undefined>
}

/** How long a line without its end waits for the rest: a prompt has none, and what is typed should be seen at once. */
const QUIET_MS = 2

/**
 * The streams of a container's own program from now on, until it ends or the client goes. What it says comes from its log,
 * so that a client that reads slowly holds up nobody.
 *
 * @throws Failure NotFound when the container does not run
 */
export function attachToPod(
  { engine, runtime }: StreamParts,
  pod: Pod,
  options: AttachOptions,
): () => Promise<Attached> {
  const { world, id } = runningInstance(engine, pod, options.container)
  return async () => {
    const spec = everyContainer(pod).find(({ name }) => name === options.container)
    const over = new AbortController()
    const follow = async (stream: 'stdout' | 'stderr', isWanted: boolean): Promise<Readable | undefined> =>
      isWanted ? followOutput(world, options.container, { stream, over }) : undefined
    const [stdout, stderr] = await Promise.all([follow('stdout', options.stdout), follow('stderr', options.stderr)])
    // After the outputs: the answer to the first word of the input is not missed. Without one, nobody would read it.
    const input = options.stdin && spec?.stdin === true ? runtime.openInput(id) : undefined
    return {
      stdin: input?.stdin,
      stdout,
      stderr,
      resize: (size) => input?.resize(size),
      ended: untilEnded(world, options.container, over.signal),
      release() {
        over.abort()
        input?.close()
        stdout?.destroy()
        stderr?.destroy()
      },
    }
  }
}

/** @returns once it is known from where on it tells. */
async function followOutput(
  world: PodWorld,
  container: string,
  { stream, over }: { readonly stream: 'stdout' | 'stderr'; readonly over: AbortController },
): Promise<Readable> {
  const restarts = world.observations.container(container)?.restarts ?? 0
  const begun = Promise.withResolvers<undefined>()
  const bytes = readLog(logFileOf(world.paths.logs, container, restarts), {
    timestamps: false,
    stream,
    tailLines: 0,
    signal: over.signal,
    follow: {
      isOver() {
        begun.resolve(undefined)
        return hasEnded(world, container, restarts)
      },
      whenChanged: (listener) => world.onChange(listener),
      quietMs: QUIET_MS,
    },
  })
  const output = Readable.from(bytes, { objectMode: false })
  output.on('error', () => undefined)
  output.once('close', () => begun.resolve(undefined))
  // Begins to read.
  output.read(0)
  await begun.promise
  return output
}

function hasEnded(world: PodWorld, name: string, restarts: number): boolean {
  const container = world.observations.container(name)
  return world.forgotten || container === undefined || container.restarts > restarts || container.state.is === 'exited'
}

function untilEnded(world: PodWorld, container: string, signal: AbortSignal): Promise<undefined> {
  const restarts = world.observations.container(container)?.restarts ?? 0
  return new Promise((resolve) => {
    const look = (): void => {
      if (!signal.aborted && !hasEnded(world, container, restarts)) return
      stop()
      resolve(undefined)
    }
    const stop = world.onChange(look)
    signal.addEventListener('abort', look, { once: true })
    look()
  })
}
