import { Failure } from '../../failure.ts'
import { expandVariables } from '../../kube/api/expand-variables.ts'
import type { Container, Pod } from '../../kube/api/pod.ts'
import type { ImageConfig } from '../../machine/image/image.ts'
import type { NodeFields } from './downward-field.ts'
import { downwardField } from './downward-field.ts'

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The variables of the manifest's `env`, in order. */
export type DeclaredEnvironment = ReadonlyMap<string, string>

/**
 * The manifest's `env` in order, each value with `$(VAR)` expanded from what stands before it (E1), and fields of the pod
 * where it asks for them (E2).
 */
export function declareEnvironment(pod: Pod, container: Container, node: NodeFields): DeclaredEnvironment {
  const values = new Map<string, string>()
  for (const variable of container.env ?? []) {
    const fieldPath = variable.valueFrom?.fieldRef?.fieldPath
    values.set(
      variable.name,
      fieldPath === undefined
        ? expandVariables(variable.value ?? '', (name) => values.get(name))
        : fieldOf(pod, container, { name: variable.name, fieldPath, node }),
    )
  }
  return values
}

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

function fieldOf(
  pod: Pod,
  container: Container,
  wanted: { readonly name: string; readonly fieldPath: string; readonly node: NodeFields },
): string {
  const value = downwardField(pod, wanted.fieldPath, wanted.node)
  if (value !== undefined) return value
  throw new Failure(
    'CreateContainerConfigError',
    `set ${wanted.name} of container "${container.name}": a pod has no field "${wanted.fieldPath}" to give it`,
  )
}
