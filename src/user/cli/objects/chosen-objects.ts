import { Failure } from '../../../failure.ts'
import { Discovery } from '../../client/discovery.ts'
import type { ApiObject, ResourceType } from '../../client/resource-type.ts'
import type { Cluster } from '../open-cluster.ts'

/** Objects as command lines name them: `pod/web`, `pod web db`, or a type with labels. */
export interface ObjectChoice {
  readonly type: ResourceType<ApiObject>
  readonly names: readonly string[]
}

/** @throws Failure UsageError for words that name none; NotFound for an unknown type */
export async function chosenObjects(
  words: readonly string[],
  { client }: Pick<Cluster, 'client'>,
): Promise<readonly ObjectChoice[]> {
  const discovery = new Discovery(client)
  const slashed = words.filter((word) => word.includes('/'))
  if (slashed.length === 0) {
    const [type = '', ...names] = words
    return [{ type: await discovery.named(type), names }]
  }
  if (slashed.length < words.length) {
    throw new Failure('UsageError', 'either TYPE NAME... or TYPE/NAME...: the two do not go together')
  }
  return Promise.all(
    slashed.map(async (word) => {
      const [type = '', name = '', ...more] = word.split('/')
      if (name === '' || more.length > 0) throw new Failure('UsageError', `${JSON.stringify(word)} is no TYPE/NAME`)
      return { type: await discovery.named(type), names: [name] }
    }),
  )
}
