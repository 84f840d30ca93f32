import { expandVariables } from '../../kube/api/expand-variables.ts'
import type { Container } from '../../kube/api/pod.ts'
import type { ImageConfig } from '../../machine/image/image.ts'
import type { DeclaredEnvironment } from './environment/declare-environment.ts'

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * The whole environment of a container: the image's, what the node adds, then what the manifest declares.
 *
 * @returns `NAME=value`, each name once, the last value winning.
 */
export function buildEnvironment(
  container: Container,
  imageEnv: readonly string[],
  hostname: string,
  declared: DeclaredEnvironment,
): string[] {
  const values = new Map<string, string>()
  for (const entry of [DEFAULT_PATH, ...imageEnv, `HOSTNAME=${hostname}`]) {
    const equals = entry.indexOf('=')
    if (equals > 0) values.set(entry.slice(0, equals), entry.slice(equals + 1))
  }
  if (container.tty === true && !values.has('TERM')) values.set('TERM', 'xterm')
  for (const [name, value] of declared) values.set(name, value)
  return [...values].map(([name, value]) => `${name}=${value}`)
}

/**
 * The program and its arguments: `command` replaces the image's entrypoint and its cmd, `args` replaces its cmd, both
 * with `$(VAR)` expanded from the variables of the manifest.
 *
 * @returns an empty list when neither manifest nor image names a program.
 */
export function buildArguments(
  container: Container,
  image: Pick<ImageConfig, 'entrypoint' | 'cmd'>,
  declared: DeclaredEnvironment,
): string[] {
  const expand = (text: string): string => expandVariables(text, (name) => declared.get(name))
  const command = container.command ?? []
  const args = container.args ?? []
  if (command.length > 0) return [...command, ...args].map(expand)
  return [...image.entrypoint, ...(args.length > 0 ? args.map(expand) : image.cmd)]
}
