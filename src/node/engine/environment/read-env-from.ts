import { Failure } from '../../../failure.ts'
import type { Container } from '../../../kube/api/pod.ts'
import { brokenByEnvName } from '../../../kube/api/rules/names.ts'
import type { Sources } from '../sources/pod-sources.ts'

/** Keys of an object that are no names of variables: the pod is told of them in an event. */
export interface SkippedKeys {
  readonly kind: 'configMap' | 'secret'
  readonly name: string
  readonly keys: readonly string[]
}

type EnvFrom = NonNullable<Container['envFrom']>

/** All keys of the objects that `envFrom` names, the later ones winning (E1). @throws Failure CreateContainerConfigError */
export function readEnvFrom(
  envFrom: EnvFrom,
  sources: Sources,
): { readonly values: ReadonlyMap<string, string>; readonly skipped: readonly SkippedKeys[] } {
  const values = new Map<string, string>()
  const skipped: SkippedKeys[] = []
  for (const source of envFrom) {
    const { kind, name, data } = dataOf(source, sources)
    const keys: string[] = []
    for (const [key, value] of Object.entries(data)) {
      const variable = `${source.prefix ?? ''}${key}`
      if (brokenByEnvName(variable).length > 0) keys.push(variable)
      else values.set(variable, value)
    }
    if (keys.length > 0) skipped.push({ kind, name, keys: keys.sort() })
  }
  return { values, skipped }
}

/** What the kubelet says of them. */
export function skippedSentence({ kind, name, keys }: SkippedKeys, namespace: string): string {
  const what = `Keys [${keys.join(', ')}] from the EnvFrom ${kind} ${namespace}/${name}`
  return `${what} were skipped since they are considered invalid environment variable names.`
}

interface Data {
  readonly kind: SkippedKeys['kind']
  readonly name: string
  readonly data: Readonly<Record<string, string>>
}

function dataOf({ configMapRef, secretRef }: EnvFrom[number], sources: Sources): Data {
  if (configMapRef !== undefined) {
    const { name = '', optional = false } = configMapRef
    const configMap = sources.configMap(name)
    if (configMap === undefined && !optional) throw notThere(`configmap "${name}" not found`)
    return { kind: 'configMap', name, data: configMap?.data ?? {} }
  }
  const { name = '', optional = false } = secretRef ?? {}
  const secret = sources.secret(name)
  if (secret === undefined && !optional) throw notThere(`secret "${name}" not found`)
  const decoded = Object.entries(secret?.data ?? {}).map(([key, value]) => [
    key,
    Buffer.from(value, 'base64').toString(),
  ])
  return { kind: 'secret', name, data: Object.fromEntries(decoded) as Record<string, string> }
}

function notThere(message: string): Failure {
  return new Failure('CreateContainerConfigError', message)
}
