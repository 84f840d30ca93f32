import { notFound } from '../../store/store-failure.ts'
import { type Answer, objectAnswer } from '../answer.ts'
import type { ObjectRequest } from '../api-request.ts'
import type { ServerParts } from '../server-parts.ts'

export function getObject({ store }: ServerParts, { kind, namespace, name }: ObjectRequest): Answer {
  const object = store.get(kind.resource, { namespace, name })
  if (object === undefined) throw notFound(kind.resource, name)
  return objectAnswer(200, object)
}
