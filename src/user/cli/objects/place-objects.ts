import { Failure } from '../../../failure.ts'
import { Discovery } from '../../client/discovery.ts'
import type { ApiObject, ResourceType } from '../../client/resource-type.ts'
import type { Cluster } from '../open-cluster.ts'
import type { WantedObject } from './read-objects.ts'

/** Where an object is, or is to be. */
export interface PlacedObject {
  readonly type: ResourceType<ApiObject>
  readonly name: string
  /** Absent for kinds without namespaces. */
  readonly namespace?: string
  /** With the namespace in it. */
  readonly value: Readonly<Record<string, unknown>>
}

/** What the server calls each object, and in which namespace it is. @throws Failure NotFound for a kind that it does not have */
export async function placeObjects(
  objects: readonly WantedObject[],
  { client, namespace }: Pick<Cluster, 'client' | 'namespace'>,
): Promise<readonly PlacedObject[]> {
  const discovery = new Discovery(client)
  const kindsHere = definedKinds(objects)
  return Promise.all(
    objects.map(async (object) => {
      const { apiVersion, kind, name, value } = object
      const known = kindsHere.get(`${apiVersion} ${kind}`)
      const type = known ?? (await discovery.ofKind(apiVersion, kind))
      if (!type.namespaced) return { type, name, value }
      const inside = object.namespace ?? namespace
      const metadata = { ...(value['metadata'] as object), namespace: inside }
      return { type, name, namespace: inside, value: { ...value, metadata } }
    }),
  )
}

/** Kinds that the manifests themselves bring along: the server learns of them only when they are applied. */
function definedKinds(objects: readonly WantedObject[]): ReadonlyMap<string, ResourceType<ApiObject>> {
  const definitions = objects.filter(({ kind }) => kind === 'CustomResourceDefinition')
  return new Map(
    definitions.flatMap(({ value }) => {
      const spec = value['spec'] as
        | {
            readonly group?: string
            readonly scope?: string
            readonly names?: { readonly plural?: string; readonly kind?: string }
            readonly versions?: readonly { readonly name?: string }[]
          }
        | undefined
      const { plural = '', kind = '' } = spec?.names ?? {}
      return (spec?.versions ?? []).map(({ name = '' }) => {
        const apiVersion = `${spec?.group ?? ''}/${name}`
        return [
          `${apiVersion} ${kind}`,
          { apiVersion, kind, plural, namespaced: spec?.scope === 'Namespaced' },
        ] as const
      })
    }),
  )
}

/** `pod "web"`, for messages. */
export function describeObject({ type, name }: Pick<PlacedObject, 'type' | 'name'>): string {
  return `${type.kind.toLowerCase()} ${JSON.stringify(name)}`
}

/** As it is there now; undefined when it is not. */
export async function findObject(client: Cluster['client'], object: PlacedObject): Promise<ApiObject | undefined> {
  try {
    return await client.get(object.type, object)
  } catch (error) {
    if (error instanceof Failure && error.reason === 'NotFound') return undefined
    throw error
  }
}
