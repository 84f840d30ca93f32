import { Failure, messageOf } from '../../../failure.ts'
import type { Container } from '../../../kube/api/pod.ts'
import { sleepUntil } from '../clock.ts'
import type { PodWorld } from '../pod-world.ts'
import type { HttpRequest } from '../probes/http-request.ts'
import { httpTarget } from '../probes/run-probe.ts'

type Handler = NonNullable<NonNullable<Container['lifecycle']>['postStart']>

export interface Hook {
  readonly container: Container
  /** The runtime's id of the instance. */
  readonly instance: string
  readonly handler: Handler
  /** Aborts when the instance ends, or when nobody waits for it any more. */
  readonly signal: AbortSignal
}

export type HookEnd = 'done' | 'container ended' | { readonly failed: string }

/** An event takes 1024 characters; what a program says last is what it failed of. */
const LONGEST_OUTPUT_SHOWN = 600

/**
 * Runs a hook to its end, for as long as its container runs (H3). The output of a program that fails is part of the message,
 * which Kubernetes hides; it does not go into the container's log, which holds what the container itself says.
 *
 */
export async function runHook(world: PodWorld, hook: Hook): Promise<HookEnd> {
  const { exec, httpGet, sleep } = hook.handler
  if (exec !== undefined) return runProgram(world, hook, exec.command ?? [])
  if (httpGet !== undefined) return sendRequest(world, hook, httpGet)
  if (sleep !== undefined) {
    const { clock } = world.parts
    await sleepUntil(clock, clock.nowMs() + sleep.seconds * 1000, hook.signal)
    return 'done'
  }
  return { failed: 'invalid handler: tcpSocket is kept for old manifests and always fails; use exec, httpGet or sleep' }
}

async function runProgram(world: PodWorld, hook: Hook, command: readonly string[]): Promise<HookEnd> {
  try {
    const { exitCode, output } = await world.parts.runtime.exec(hook.instance, {
      args: command,
      workingDir: '/',
      timeoutMs: Infinity,
      signal: hook.signal,
    })
    if (exitCode === 0) return 'done'
    const said = output.trim().slice(-LONGEST_OUTPUT_SHOWN)
    const words = said === '' ? ', without a word' : `: ${said}`
    return { failed: `command "${command.join(' ')}" exited with ${exitCode}${words}` }
  } catch (error) {
    if (error instanceof Failure && error.reason === 'NotFound') return 'container ended'
    // Machine code speaks of instances by their IDs; people know their containers by name.
    return { failed: messageOf(error).replaceAll(hook.instance, hook.container.name) }
  }
}

/** Any answer is a success, whatever its status: a Kubernetes node looks only at whether there is one. */
async function sendRequest(world: PodWorld, hook: Hook, action: NonNullable<Handler['httpGet']>): Promise<HookEnd> {
  const { sandbox } = world.observations.seen
  const [podIP] = sandbox.is === 'ready' ? sandbox.podIPs : []
  if (podIP === undefined) return { failed: 'the pod has no address yet' }
  const target = httpTarget(hook.container, action, podIP)
  if (target === undefined) {
    return { failed: `couldn't find port "${action.port}": the container has no port of this name` }
  }
  const { buildHttpRequest } = await import('../probes/http-request.ts')
  const request = buildHttpRequest(target, 'kube-lifecycle')
  let problem = await problemWith(request, hook.signal)
  // Manifests from before hooks could speak HTTPS ask for it and mean HTTP.
  if (problem?.includes('server gave HTTP response to HTTPS client') === true) {
    problem = await problemWith({ ...request, scheme: 'http' }, hook.signal)
  }
  return problem === undefined ? 'done' : { failed: problem }
}

/** What stands in the way of an answer. */
async function problemWith(request: HttpRequest, signal: AbortSignal): Promise<string | undefined> {
  const { followRequest } = await import('../probes/follow-request.ts')
  const { answer, url } = await followRequest(request, { timeoutMs: Infinity, signal })
  return 'is' in answer && answer.is === 'no answer' ? `Get "${url}": ${answer.message}` : undefined
}
