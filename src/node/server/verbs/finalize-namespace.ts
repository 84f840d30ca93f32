import { unlessLetGo } from '../../store/held-object.ts'
import { type Namespace, NAMESPACES } from '../../store/resources.ts'
import { checkPreconditions } from '../../store/store-failure.ts'
import { type Answer, objectAnswer } from '../answer.ts'
import type { ObjectRequest } from '../api-request.ts'
import { readObjectBody } from '../read-object-body.ts'
import { receivedObject } from '../received-object.ts'
import type { ServerParts } from '../server-parts.ts'

/** PUT of a Namespace's `finalize`: only the finalizers of its spec are heard. The last one lets it go. */
export async function finalizeNamespace({ store }: ServerParts, request: ObjectRequest): Promise<Answer> {
  const { name, incoming } = request
  const body = await readObjectBody(incoming, NAMESPACES)
  const value = receivedObject(body, request, name) as Namespace
  let finalized: Namespace | undefined
  await store.modify(NAMESPACES, { name }, (current) => {
    const { uid, resourceVersion = '' } = value.metadata
    checkPreconditions(NAMESPACES, current, {
      uid: uid === '' ? undefined : uid,
      resourceVersion: resourceVersion === '' ? undefined : resourceVersion,
    })
    finalized = { ...current, spec: { ...current.spec, finalizers: value.spec?.finalizers ?? [] } }
    return unlessLetGo(finalized, current)
  })
  return objectAnswer(200, finalized ?? value)
}
