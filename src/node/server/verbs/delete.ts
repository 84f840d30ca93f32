import { type Answer, objectAnswer, statusAnswer } from '../answer.ts'
import type { ObjectRequest } from '../api-request.ts'
import { deleteOne } from '../delete-one.ts'
import { readDeleteOptions } from '../delete-options.ts'
import type { ServerParts } from '../server-parts.ts'

/** Kinds whose objects Kubernetes answers with even when they are gone; of others it says only that they are. */
const ANSWERED_WITH: readonly string[] = ['pods', 'podtemplates', 'resourcequotas', 'serviceaccounts', 'services']

export async function deleteObject(parts: ServerParts, request: ObjectRequest): Promise<Answer> {
  const { kind, namespace, name } = request
  const options = await readDeleteOptions(request)
  const { object, isGone } = await deleteOne(parts, { kind, key: { namespace, name } }, options)
  const { group, plural } = kind.resource
  if (!isGone || (group === '' && ANSWERED_WITH.includes(plural))) return objectAnswer(200, object)
  return statusAnswer(200, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(group === '' ? {} : { group }), kind: plural, uid: object.metadata.uid },
  })
}
