import { Failure } from '../../../failure.ts'
import { expandVariables } from '../../../kube/api/expand-variables.ts'
import type { Container, Pod } from '../../../kube/api/pod.ts'
import { everyContainer } from '../../../kube/api/pod.ts'
import type { NodeFields } from '../downward-field.ts'
import { downwardField } from '../downward-field.ts'
import { type Sources, valueIn } from '../sources/pod-sources.ts'
import { readEnvFrom, type SkippedKeys } from './read-env-from.ts'
import { type Allocatable, resourceField } from './resource-field.ts'

/** The variables that the manifest declares and the services that the pod is told of. */
export type DeclaredEnvironment = ReadonlyMap<string, string>

/** What the values of variables may come from, beside the manifest. */
export interface EnvironmentFacts {
  readonly node: NodeFields
  readonly sources: Sources
  readonly allocatable: Allocatable
  /** By which programs find the services of the cluster: whoever declares the same name wins. */
  readonly services: ReadonlyMap<string, string>
}

type Variable = NonNullable<Container['env']>[number]
type Source = NonNullable<Variable['valueFrom']>

/**
 * `envFrom`, then `env` in order, each value with `$(VAR)` expanded from what stands before it and from the services (E1);
 * fields of the pod and what it may use where it asks for them (E2).
 *
 * @returns also the keys whose names no variable can have.
 * @throws Failure CreateContainerConfigError, in the kubelet's words, for an object or a key that is not there.
 */
export function declareEnvironment(
  pod: Pod,
  container: Container,
  facts: EnvironmentFacts,
): { readonly values: DeclaredEnvironment; readonly skipped: readonly SkippedKeys[] } {
  const { values: given, skipped } = readEnvFrom(container.envFrom ?? [], facts.sources)
  const values = new Map(given)
  const lookup = (name: string): string | undefined => values.get(name) ?? facts.services.get(name)
  for (const variable of container.env ?? []) {
    const { name, value = '', valueFrom } = variable
    const isFromElsewhere = value === '' && valueFrom !== undefined
    const found = isFromElsewhere
      ? valueOf(pod, container, { name, source: valueFrom, facts })
      : expandVariables(value, lookup)
    if (found !== undefined) values.set(name, found)
  }
  for (const [name, value] of facts.services) if (!values.has(name)) values.set(name, value)
  return { values, skipped }
}

interface Wanted {
  readonly name: string
  readonly source: Source
  readonly facts: EnvironmentFacts
}

/** @returns undefined when it is not there and need not be. */
function valueOf(pod: Pod, container: Container, { name, source, facts }: Wanted): string | undefined {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = source
  const { sources, node, allocatable } = facts
  if (fieldRef !== undefined) {
    const value = downwardField(pod, fieldRef.fieldPath, node)
    if (value !== undefined) return value
    const why = `a pod has no field "${fieldRef.fieldPath}" to give it`
    throw wrongConfig(`set ${name} of container "${container.name}": ${why}`)
  }
  if (resourceFieldRef !== undefined) {
    const of = containerOf(pod, container, resourceFieldRef.containerName)
    return resourceField(pod, of, { ref: resourceFieldRef, allocatable })
  }
  if (configMapKeyRef !== undefined) {
    const { name: object = '', key, optional = false } = configMapKeyRef
    const configMap = sources.configMap(object)
    if (configMap === undefined) return missing(`configmap "${object}" not found`, optional)
    const where = `ConfigMap ${pod.metadata.namespace}/${object}`
    return valueIn(configMap.data, key) ?? missing(`couldn't find key ${key} in ${where}`, optional)
  }
  if (secretKeyRef !== undefined) {
    const { name: object = '', key, optional = false } = secretKeyRef
    const secret = sources.secret(object)
    if (secret === undefined) return missing(`secret "${object}" not found`, optional)
    const value = valueIn(secret.data, key)
    const where = `Secret ${pod.metadata.namespace}/${object}`
    if (value === undefined) return missing(`couldn't find key ${key} in ${where}`, optional)
    return Buffer.from(value, 'base64').toString()
  }
  throw wrongConfig(`set ${name} of container "${container.name}": its source is not carried out`)
}

/** Its own resources, unless it asks for another one's. */
function containerOf(pod: Pod, container: Container, name = ''): Container {
  const found = name === '' ? container : everyContainer(pod).find((each) => each.name === name)
  if (found === undefined) throw wrongConfig(`container ${name} not found`)
  return found
}

/** Nothing, where nothing is needed. */
function missing(message: string, isOptional: boolean): string | undefined {
  if (isOptional) return undefined
  throw wrongConfig(message)
}

function wrongConfig(message: string): Failure {
  return new Failure('CreateContainerConfigError', message)
}
