import type { Container, Pod, Volume } from '../../../kube/api/pod.ts'
import { everyContainer } from '../../../kube/api/pod.ts'
import type { ConfigMap, Secret } from '../../store/resources.ts'
import { CONFIG_MAPS, SECRETS, SERVICE_ACCOUNTS } from '../../store/resources.ts'
import type { Resource, Store } from '../../store/store.ts'

/** The objects that a pod takes values and files from, as they are now. */
export interface Sources {
  configMap(name: string): ConfigMap | undefined
  secret(name: string): Secret | undefined
}

/** One object that a pod stands on. */
export interface SourceKey {
  readonly resource: Resource
  readonly namespace: string
  readonly name: string
}

/** Of the pod's own namespace: no pod sees another one's. */
export function sourcesIn(store: Store, namespace: string): Sources {
  return {
    configMap: (name) => store.get(CONFIG_MAPS, { namespace, name }),
    secret: (name) => store.get(SECRETS, { namespace, name }),
  }
}

/** Every object whose change may change what the pod's containers get, each once. */
export function sourcesOf(pod: Pod): readonly SourceKey[] {
  const found = [
    ...everyContainer(pod).flatMap(sourcesOfContainer),
    ...(pod.spec.volumes ?? []).flatMap((volume) => sourcesOfVolume(pod, volume)),
  ]
  const { namespace } = pod.metadata
  const named = found.flatMap(([resource, name]) => (name === undefined ? [] : [{ resource, namespace, name }]))
  return [...new Map(named.map((key) => [`${key.resource.plural}/${key.name}`, key])).values()]
}

/** Whether its environment is made of other objects, which may be there only when its turn has come. */
export function takesValues(container: Container): boolean {
  return sourcesOfContainer(container).length > 0
}

/** Keys are anybody's to choose: `constructor` is one that is not there unless it was put there. */
export function valueIn(data: Readonly<Record<string, string>> | undefined, key: string): string | undefined {
  return data !== undefined && Object.hasOwn(data, key) ? data[key] : undefined
}

type Named = readonly [resource: Resource, name: string | undefined]

function sourcesOfContainer({ env = [], envFrom = [] }: Container): Named[] {
  return [
    ...envFrom.map(({ configMapRef, secretRef }): Named => {
      return configMapRef === undefined ? [SECRETS, secretRef?.name] : [CONFIG_MAPS, configMapRef.name]
    }),
    ...env.flatMap(({ valueFrom }): Named[] => {
      const { configMapKeyRef, secretKeyRef } = valueFrom ?? {}
      if (configMapKeyRef !== undefined) return [[CONFIG_MAPS, configMapKeyRef.name]]
      return secretKeyRef === undefined ? [] : [[SECRETS, secretKeyRef.name]]
    }),
  ]
}

function sourcesOfVolume({ spec }: Pod, { configMap, secret, projected }: Volume): Named[] {
  return [
    ...(configMap === undefined ? [] : [[CONFIG_MAPS, configMap.name] as const]),
    ...(secret === undefined ? [] : [[SECRETS, secret.secretName] as const]),
    ...(projected?.sources ?? []).flatMap((source): Named[] => [
      ...(source.configMap === undefined ? [] : [[CONFIG_MAPS, source.configMap.name] as const]),
      ...(source.secret === undefined ? [] : [[SECRETS, source.secret.name] as const]),
      ...(source.serviceAccountToken === undefined
        ? []
        : [[SERVICE_ACCOUNTS, spec.serviceAccountName ?? 'default'] as const]),
    ]),
  ]
}
