import type { Container } from '../api/pod.ts'

const HIGHEST_PORT = 65_535

/**
 * The number of a port that a probe or hook names: only the container's own ports have names (P15). A number may be
 * written as text.
 *
 * @returns undefined when the container has no port of this name.
 */
export function probePort(container: Container, port: number | string): number | undefined {
  const named = (container.ports ?? []).find(({ name }) => name !== undefined && name === port)
  const number = named?.containerPort ?? Number(port)
  return Number.isInteger(number) && number >= 1 && number <= HIGHEST_PORT ? number : undefined
}
