import { checkPreconditions } from '../../store/store-failure.ts'
import { type Answer, objectAnswer } from '../answer.ts'
import type { ObjectRequest } from '../api-request.ts'
import { isDryRun } from '../dry-run.ts'
import { checkMediaType, parseJsonObject, readBody } from '../read-body.ts'
import { receivedObject } from '../received-object.ts'
import { replaceObject, type Replacement } from '../replace-object.ts'
import type { ServerParts } from '../server-parts.ts'

/** PUT: the object of the body in the place of the one that is there. */
export async function updateObject(
  parts: ServerParts,
  request: ObjectRequest,
  part: Replacement['part'],
): Promise<Answer> {
  const { kind, name, query, incoming } = request
  checkMediaType(incoming, ['application/json'])
  const dryRun = isDryRun(query.getAll('dryRun'), 'UpdateOptions')
  const value = receivedObject(parseJsonObject(await readBody(incoming), kind.resource.kind), request, name)
  const { object, warnings } = await replaceObject(parts, request, {
    part,
    dryRun,
    next: (current) => {
      const { uid, resourceVersion } = value.metadata
      checkPreconditions(kind.resource, current, {
        uid: uid === '' ? undefined : uid,
        resourceVersion: resourceVersion === '' ? undefined : resourceVersion,
      })
      return value
    },
  })
  return objectAnswer(200, object, warnings)
}
