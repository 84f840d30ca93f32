import { Failure } from '../../../failure.ts'
import { allContainers, type Pod } from '../../../kube/api/pod.ts'

/** One port of this machine that leads to one of a pod. */
export interface ForwardedPort {
  /** 0: any that is free. */
  readonly local: number
  readonly remote: number
}

/**
 * `80` the same here as there, `8080:80`, `:80` any free one here; a port of the pod may be named as its container names it.
 *
 * @throws Failure UsageError
 */
export function parseForwardedPort(text: string, pod: Pod): ForwardedPort {
  const [first = '', second, ...more] = text.split(':')
  const refuse = (why: string) => new Failure('UsageError', `port ${JSON.stringify(text)}: ${why}`)
  if (more.length > 0) throw refuse('must be PORT, LOCAL:PORT or :PORT')
  const remoteText = second ?? first
  const remote = portNumber(remoteText) ?? namedPort(pod, remoteText)
  if (remote === undefined || remote === 0) {
    const isNumber = /^\d*$/.test(remoteText)
    throw refuse(isNumber ? 'must be from 1 to 65535' : `no container of the Pod has a port of that name`)
  }
  if (second === undefined) return { local: remote, remote }
  const local = first === '' ? 0 : portNumber(first)
  if (local === undefined) throw refuse(`the local port must be from 0 to 65535; got ${JSON.stringify(first)}`)
  return { local, remote }
}

function portNumber(text: string): number | undefined {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : Infinity
  return number <= 65_535 ? number : undefined
}

function namedPort(pod: Pod, name: string): number | undefined {
  const ports = allContainers(pod).flatMap((container) => container.ports ?? [])
  return ports.find((port) => port.name === name)?.containerPort
}
