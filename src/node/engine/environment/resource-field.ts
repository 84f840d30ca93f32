import type { V1ResourceFieldSelector } from '@kubernetes/client-node'
import type { Container, Json, Pod } from '../../../kube/api/pod.ts'
import { quantityToBytes, quantityToMilli } from '../../../kube/api/quantity.ts'

/** What the machine gives to pods, by the name of the resource. */
export type Allocatable = Readonly<Record<string, string>>

/**
 * The value of a `resourceFieldRef`: so many divisors, rounded up. A limit that nobody set is what the pod may use, or
 * what the machine has; a request that nobody made is 0.
 *
 * @param ref names a resource such as `limits.cpu`.
 */
export function resourceField(
  pod: Pod,
  container: Container,
  { ref, allocatable }: { readonly ref: Json<V1ResourceFieldSelector>; readonly allocatable: Allocatable },
): string {
  const [which, name] = splitOnce(ref.resource, '.')
  const given = container.resources?.[which === 'limits' ? 'limits' : 'requests']?.[name]
  const amount = isSet(given) || which !== 'limits' ? given : defaultLimit(pod, name, allocatable)
  const count = name === 'cpu' ? quantityToMilli : quantityToBytes
  const divisor = isSet(ref.divisor) ? ref.divisor : '1'
  return String(Math.ceil(count(amount ?? '0') / count(divisor)))
}

/** Huge pages are there for whoever asks for them, and for nobody else. */
function defaultLimit(pod: Pod, name: string, allocatable: Allocatable): string | undefined {
  if (name.startsWith('hugepages-')) return undefined
  const ofPod = pod.spec.resources?.limits?.[name]
  return isSet(ofPod) ? ofPod : allocatable[name]
}

/** A zero is as good as nothing here. */
function isSet(quantity: string | undefined): quantity is string {
  return quantity !== undefined && quantityToMilli(quantity) !== 0
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
