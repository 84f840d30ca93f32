import { type Answer, objectAnswer, statusAnswer } from '../answer.ts'
import type { ObjectRequest } from '../api-request.ts'
import { readDeleteOptions } from '../delete-options.ts'
import { deleteOne } from '../delete-one.ts'
import { PODS } from '../../store/resources.ts'
import type { ServerParts } from '../server-parts.ts'

export async function deleteObject(parts: ServerParts, request: ObjectRequest): Promise<Answer> {
  const { kind, namespace, name } = request
  const options = await readDeleteOptions(request)
  const { object, isGone } = await deleteOne(parts, { kind, key: { namespace, name } }, options)
  // Kubernetes answers with the pod even when it is gone; of other kinds it says only that they are.
  if (!isGone || kind.resource === PODS) return objectAnswer(200, object)
  const { group, plural } = kind.resource
  return statusAnswer(200, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(group === '' ? {} : { group }), kind: plural, uid: object.metadata.uid },
  })
}
