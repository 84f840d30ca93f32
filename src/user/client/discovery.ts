import { Failure } from '../../failure.ts'
import type { ApiClient } from './open-client.ts'
import type { ApiObject, ResourceType } from './resource-type.ts'

/** What a server says of one of its kinds. */
interface ResourceDocument {
  readonly name: string
  readonly singularName?: string
  readonly namespaced: boolean
  readonly kind: string
  readonly shortNames?: readonly string[]
}

interface GroupsDocument {
  readonly groups: readonly { readonly name: string; readonly preferredVersion: { readonly groupVersion: string } }[]
}

/** Which kinds a server has, asked once each. */
export class Discovery {
  readonly #client: Pick<ApiClient, 'read'>
  readonly #documents = new Map<string, Promise<unknown>>()

  constructor(client: Pick<ApiClient, 'read'>) {
    this.#client = client
  }

  /** @throws Failure NotFound in kubectl's words */
  async ofKind(apiVersion: string, kind: string): Promise<ResourceType<ApiObject>> {
    const found = (await this.#resources(apiVersion)).find((resource) => resource.kind === kind)
    if (found !== undefined) return typeOf(apiVersion, found)
    throw new Failure(
      'NotFound',
      `the server has no kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`,
    )
  }

  /**
   * As people name them: `pods`, `pod`, `po`, `deployments.apps`.
   *
   * @throws Failure NotFound in kubectl's words
   */
  async named(word: string): Promise<ResourceType<ApiObject>> {
    const [name = '', ...group] = word.toLowerCase().split('.')
    const fits = ({ name: plural, singularName, kind, shortNames = [] }: ResourceDocument): boolean =>
      [plural, singularName, kind.toLowerCase(), ...shortNames].includes(name)
    for await (const apiVersion of this.#versionsToSearch(group.join('.'))) {
      const found = (await this.#resources(apiVersion)).find(fits)
      if (found !== undefined) return typeOf(apiVersion, found)
    }
    throw new Failure('NotFound', `the server doesn't have a resource type ${JSON.stringify(word)}`)
  }

  /** Nearly always it is a core kind: the other groups are not asked for before they are needed. */
  async *#versionsToSearch(group: string): AsyncGenerator<string, void, undefined> {
    if (group === '') yield 'v1'
    const { groups } = (await this.#read('/apis')) as GroupsDocument
    const fitting = groups.filter(({ name }) => group === '' || name === group || name.startsWith(`${group}.`))
    yield* fitting.map(({ preferredVersion }) => preferredVersion.groupVersion)
  }

  async #resources(apiVersion: string): Promise<readonly ResourceDocument[]> {
    const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    try {
      const { resources } = (await this.#read(path)) as { readonly resources: readonly ResourceDocument[] }
      return resources.filter(({ name }) => !name.includes('/'))
    } catch (error) {
      if (error instanceof Failure && error.reason === 'NotFound') return []
      throw error
    }
  }

  #read(path: string): Promise<unknown> {
    const known = this.#documents.get(path) ?? this.#client.read(path)
    this.#documents.set(path, known)
    return known
  }
}

function typeOf(apiVersion: string, { kind, name, namespaced }: ResourceDocument): ResourceType<ApiObject> {
  return { apiVersion, kind, plural: name, namespaced }
}
